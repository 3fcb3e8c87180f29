import { WhatsAppClient } from '@kapso/whatsapp-cloud-api';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../../src/storage/index.ts';
import { API_KEY, testApi } from '../../support/api-server.ts';
import { T0 } from '../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';

const phoneNumberId = PHONE_NUMBER_ID;
const OLD_CALLS = 250;

/** Adds a call, every third of the business, and returns its id. */
async function addCall({ calls }: Database, index: number): Promise<string> {
  const call = callIdentity({ startedAt: T0 + index, direction: index % 3 === 0 ? 'outbound' : 'inbound' });
  // Several share a moment, as they do under load.
  await calls.create(call, 'ringing', T0 + Math.floor(index / 4), null);
  return call.id;
}

describe.each(DATABASES)("Kapso's SDK ($name)", ({ fresh }) => {
  async function sdkWithCalls() {
    const database = await openTestDatabase(await fresh());
    const { server } = await testApi({ database });
    await server.listen({ port: 0, host: '127.0.0.1' });
    const baseUrl = `${server.listeningOrigin}/meta/whatsapp`;
    const client = new WhatsAppClient({ baseUrl, kapsoApiKey: API_KEY });
    const old: string[] = [];
    for (let index = 0; index < OLD_CALLS; index += 1) old.push(await addCall(database, index));
    return { client, database, old };
  }

  it('walks 250 calls by cursors while calls come in: none twice, none missed; and back again, with those that came', async () => {
    const { client, database, old } = await sdkWithCalls();
    const seen: string[] = [];
    const cameIn: string[] = [];
    let after: string | null | undefined;
    let before: string | null | undefined;
    do {
      const page = await client.calls.list({ phoneNumberId, limit: 17, ...(after != null && { after }) });
      seen.push(...page.data.map(({ id }) => id));
      ({ after, before } = page.paging.cursors);
      for (let index = 0; index < 3; index += 1) {
        cameIn.push(await addCall(database, OLD_CALLS + cameIn.length));
      }
    } while (after != null);
    expect(new Set(seen).size).toBe(seen.length);
    expect([...seen].sort()).toEqual([...old].sort());

    const back: string[] = [];
    while (before != null) {
      const page = await client.calls.list({ phoneNumberId, limit: 17, before });
      back.unshift(...page.data.map(({ id }) => id));
      ({ before } = page.paging.cursors);
    }
    const lastPage = seen.slice(-(OLD_CALLS % 17));
    expect([...back, ...lastPage].sort()).toEqual([...old, ...cameIn].sort());
    expect(back.slice(0, cameIn.length).sort()).toEqual([...cameIn].sort());
  });

  it('filters in its own upper case, and by time', async () => {
    const { client, old } = await sdkWithCalls();
    const outbound = await client.calls.list({ phoneNumberId, direction: 'OUTBOUND', limit: 100 });
    expect(outbound.data.map(({ id }) => id).sort()).toEqual(old.filter((_, index) => index % 3 === 0).sort());
    expect(outbound.data.every(({ direction }) => direction === 'outbound')).toBe(true);
    const since = new Date(T0 + OLD_CALLS - 5).toISOString();
    const late = await client.calls.list({ phoneNumberId, since, status: 'RINGING' });
    expect(late.data.map(({ id }) => id).sort()).toEqual(old.slice(-5).sort());
    expect((await client.calls.list({ phoneNumberId, status: 'COMPLETED' })).data).toEqual([]);
  });
});
