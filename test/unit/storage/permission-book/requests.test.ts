import { describe, expect, it } from 'vitest';
import type { Grant } from '../../../../src/permissions/ports.ts';
import type { Database } from '../../../../src/storage/index.ts';
import { T0 } from '../../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { ask, DENIAL, deny, dialOrder, USER } from '../../../support/dial-order.ts';

const DAY = 24 * 3_600_000;

async function request({ permissions }: Database, at: number, messageId: string | null = null): Promise<string> {
  const { requestId } = await permissions.reserveRequest(PHONE_NUMBER_ID, USER, false, at, ask);
  if (messageId !== null) await permissions.requestSent(requestId ?? '', messageId, at);
  return requestId ?? '';
}

async function read({ permissions }: Database, now: number) {
  return (await permissions.read(PHONE_NUMBER_ID, USER, now)).pair;
}

async function reply({ permissions }: Database, to: string | null, differences: Partial<Grant> = {}): Promise<void> {
  const grant: Grant = { status: 'none', expiresAt: null, source: 'declined', at: T0 + 50, ...differences };
  await permissions.granted(PHONE_NUMBER_ID, USER, grant, to);
}

describe.each(DATABASES)('a request for permission ($name)', ({ fresh }) => {
  it('counts from before it is sent, and then from when Graph had it', async () => {
    const database = await openTestDatabase(await fresh());
    const id = await request(database, T0);
    expect(await read(database, T0)).toMatchObject({ requestedAt: [T0], pendingRequest: { id, at: T0 } });
    await database.permissions.requestSent(id, 'wamid.1', T0 + 300);
    expect(await read(database, T0 + 300)).toMatchObject({
      requestedAt: [T0 + 300],
      pendingRequest: { id, at: T0 + 300 },
    });
  });

  it('counts when nobody knows whether it was sent', async () => {
    const database = await openTestDatabase(await fresh());
    const id = await request(database, T0);
    await database.permissions.requestSent(id, null, T0 + 1);
    expect((await read(database, T0 + 1)).requestedAt).toEqual([T0 + 1]);
  });

  it('never counted when Graph refused it', async () => {
    const database = await openTestDatabase(await fresh());
    await database.permissions.requestRefused(await request(database, T0));
    expect(await read(database, T0)).toMatchObject({ requestedAt: [], pendingRequest: null });
  });

  it('is not counted when it is denied', async () => {
    const database = await openTestDatabase(await fresh());
    const denied = await database.permissions.reserveRequest(PHONE_NUMBER_ID, USER, false, T0, deny);
    expect(denied).toEqual({ decision: DENIAL, requestId: null });
    expect((await read(database, T0)).requestedAt).toEqual([]);
  });

  it('is known for 14 days, or until a call is picked up, whoever called', async () => {
    const database = await openTestDatabase(await fresh());
    await request(database, T0);
    await request(database, T0 + DAY);
    expect((await read(database, T0 + 14 * DAY - 1)).requestedAt).toEqual([T0, T0 + DAY]);
    expect((await read(database, T0 + 14 * DAY)).requestedAt).toEqual([T0 + DAY]);
    const call = callIdentity();
    await database.calls.create(call, 'ringing', T0 + 2 * DAY, null);
    expect((await read(database, T0 + 2 * DAY)).requestedAt).toHaveLength(2);
    await database.calls.update(call.id, { sessionStartedAt: T0 + 2 * DAY }, T0 + 2 * DAY);
    expect((await read(database, T0 + 2 * DAY)).requestedAt).toEqual([]);
    await request(database, T0 + 3 * DAY);
    expect((await read(database, T0 + 3 * DAY)).requestedAt).toEqual([T0 + 3 * DAY]);
  });

  it('is answered by the reply that names it, and still counts', async () => {
    const database = await openTestDatabase(await fresh());
    await request(database, T0, 'wamid.1');
    await reply(database, 'wamid.1');
    expect(await read(database, T0 + 60)).toMatchObject({ requestedAt: [T0], pendingRequest: null });
  });

  it('is answered by a reply that is here before Graph has named it', async () => {
    const database = await openTestDatabase(await fresh());
    const id = await request(database, T0);
    await reply(database, 'wamid.1', { source: 'request', status: 'temporary', at: T0 });
    await database.permissions.requestSent(id, 'wamid.1', T0 + 80);
    expect((await read(database, T0 + 80)).pendingRequest).toBeNull();
  });

  it('is answered with the newer one, and not by a late answer to the older', async () => {
    const database = await openTestDatabase(await fresh());
    await request(database, T0, 'wamid.1');
    const second = await request(database, T0 + 1, 'wamid.2');
    await reply(database, 'wamid.1');
    expect((await read(database, T0 + 60)).pendingRequest?.id).toBe(second);
    await request(database, T0 + 70, 'wamid.3');
    await reply(database, 'wamid.3');
    expect((await read(database, T0 + 90)).pendingRequest).toBeNull();
  });

  it('is not answered by what the user did without it', async () => {
    const database = await openTestDatabase(await fresh());
    await request(database, T0);
    await reply(database, null, { source: 'profile', status: 'permanent' });
    await reply(database, null, { source: 'auto_revoked' });
    await reply(database, 'wacid.theirs', { source: 'callback', status: 'temporary' });
    expect((await read(database, T0 + 60)).pendingRequest).not.toBeNull();
  });

  it('that did not reach the user leaves room for another, and still counts', async () => {
    const database = await openTestDatabase(await fresh());
    const order = dialOrder();
    await database.permissions.reserve(order, T0, ask);
    await database.permissions.giveUp(order.id, 'request_refused', T0 + 1);
    expect(await read(database, T0 + 1)).toMatchObject({ requestedAt: [T0], pendingRequest: null });
  });
});
