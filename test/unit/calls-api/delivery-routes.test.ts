import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { EVENT_TYPES } from '../../../src/events/ports.ts';
import { addProject, apiKeyOf, askAsClient, testApi } from '../../support/api-server.ts';
import { T0 } from '../../support/call.ts';
import { callIdentity } from '../../support/call-identity.ts';
import { webhook } from '../../support/outbox.ts';

const PATH = '/platform/v1/webhook_deliveries';
const HOOK = 'f6d0b1a2-0000-4000-8000-000000000001';
const DAY = 24 * 3_600_000;

/** Deliveries of so many calls that were received, one a minute, to one webhook that nobody sends for. */
async function setUp(calls: number) {
  const clock = { now: () => T0 + calls * 60_000 };
  const { server, database } = await testApi({ clock });
  const place = { projectId: DEFAULT_PROJECT_ID, phoneNumberId: null };
  await database.webhooks.put(
    webhook({ id: HOOK, ...place, events: EVENT_TYPES.filter((type) => /received/.test(type)) }),
  );
  for (let n = 0; n < calls; n++) {
    await database.calls.create(callIdentity({ startedAt: T0 + n * 60_000 }), 'ringing', T0 + n * 60_000, null);
  }
  const ask = async (path: string, method: 'GET' | 'POST' = 'GET', body?: object) => {
    const answer = await askAsClient(server, method, path, body);
    return { status: answer.status, body: answer.body as Answer };
  };
  return { server, database, ask };
}

interface Item {
  readonly id: string;
  readonly [key: string]: unknown;
}
interface Answer {
  readonly data: Item[] & Item;
  readonly paging: { readonly next: string | null };
}

describe('the log of deliveries', () => {
  it('tells each with what it is, newest first, page by page', async () => {
    const { ask } = await setUp(5);
    const first = await ask(`${PATH}?limit=3`);
    expect(first.body.data.map((each) => each['created_at'])).toEqual(
      [4, 3, 2].map((n) => new Date(T0 + n * 60_000).toISOString()),
    );
    expect(first.body.data[0]).toMatchObject({
      webhook_id: HOOK,
      event: 'whatsapp.call.received',
      status: 'pending',
      attempts: 0,
      response_status: null,
      finished_at: null,
    });
    const next = new URL(first.body.paging.next ?? '');
    expect((await ask(next.pathname + next.search)).body.data).toHaveLength(2);
  });

  it.each([
    ['period=24h', 3],
    ['status=pending', 3],
    ['status=PENDING', 3],
    ['status=failed', 0],
    ['event=whatsapp.call.received', 3],
    ['event=whatsapp.call.ended', 0],
    ['event=meta', 0],
    [`webhook_id=${HOOK}`, 3],
    ['webhook_id=another', 0],
    ['phone_number_id=999', 0],
    ['errors_only=true', 0],
    ['errors_only=false', 3],
    ['unknown=ignored', 3],
  ])('is filtered by %s', async (query, count) => {
    const { ask } = await setUp(3);
    expect((await ask(`${PATH}?${query}`)).body.data).toHaveLength(count);
  });

  it.each(['period=1y', 'status=lost', 'event=whatsapp.other', 'errors_only=maybe', 'limit=0', 'after=x'])(
    'refuses %s',
    async (query) => {
      const { ask } = await setUp(0);
      expect((await ask(`${PATH}?${query}`)).status).toBe(400);
    },
  );

  it('tells of one what was sent and every attempt', async () => {
    const { ask, database } = await setUp(1);
    const [delivery] = (await ask(PATH)).body.data;
    const attempt = { at: T0 + 5, durationMs: 40, status: 500, error: 'status', responseExcerpt: 'oh' };
    const requestHeaders = { 'X-Webhook-Signature': 'abc' };
    await database.deliveryQueue.record(
      HOOK,
      delivery!.id,
      { ...attempt, requestHeaders },
      { type: 'retry', at: T0 + DAY },
    );
    const { body } = await ask(`${PATH}/${delivery!.id}`);
    expect(body.data).toMatchObject({
      attempts: 1,
      response_status: 500,
      next_attempt_at: new Date(T0 + DAY).toISOString(),
      attempt_log: [
        {
          delivered: false,
          response_status: 500,
          response_excerpt: 'oh',
          duration_ms: 40,
          request_headers: requestHeaders,
        },
      ],
    });
    expect(JSON.parse(String(body.data['payload']))).toMatchObject({ type: 'whatsapp.call.received' });
    expect((await ask(`${PATH}?errors_only=true`)).body.data).toHaveLength(1);
  });

  it('has one sent again, or all of a time', async () => {
    const { ask, database } = await setUp(3);
    const { data } = (await ask(PATH)).body;
    for (const { id } of data) {
      const attempt = { at: T0, durationMs: 1, status: 200, error: null, responseExcerpt: null, requestHeaders: {} };
      await database.deliveryQueue.record(HOOK, id, attempt, { type: 'delivered' });
    }
    expect((await ask(`${PATH}?status=delivered`)).body.data).toHaveLength(3);
    const again = await ask(`${PATH}/${data[0]!.id}/redeliver`, 'POST');
    expect(again).toMatchObject({ status: 202, body: { data: { status: 'pending', attempts: 1 } } });
    const span = { since: new Date(T0).toISOString(), until: new Date(T0 + 60_000).toISOString(), status: 'delivered' };
    const whole = await ask(`/platform/v1/whatsapp/webhooks/${HOOK}/redeliver`, 'POST', span);
    expect(whole).toEqual({ status: 202, body: { data: { queued: 2 } } });
    expect((await ask(`${PATH}?status=pending`)).body.data).toHaveLength(3);
  });

  it.each([[{}], [{ since: 'yesterday' }], [{ since: '2026-11-20T09:30:00Z', status: 'lost' }], [[]]])(
    'refuses to send %j again',
    async (body) => {
      const { ask } = await setUp(0);
      expect((await ask(`/platform/v1/whatsapp/webhooks/${HOOK}/redeliver`, 'POST', body)).status).toBe(422);
    },
  );

  it('is of one project', async () => {
    const { server, database, ask } = await setUp(1);
    const [delivery] = (await ask(PATH)).body.data;
    const { id: projectId } = await addProject(database);
    const headers = { 'x-api-key': await apiKeyOf(database, { projectId }) };
    expect((await server.inject({ url: PATH, headers })).json()).toMatchObject({ data: [] });
    for (const [method, url] of [
      ['GET', `${PATH}/${delivery!.id}`],
      ['POST', `${PATH}/${delivery!.id}/redeliver`],
    ] as const) {
      expect((await server.inject({ method, url, headers })).json()).toEqual({ error: 'Delivery not found' });
    }
  });

  it('is read by every key, and has things sent again for admins', async () => {
    const { server, database, ask } = await setUp(1);
    const [delivery] = (await ask(PATH)).body.data;
    const headers = { 'x-api-key': await apiKeyOf(database, { scope: 'read' }) };
    expect((await server.inject({ url: PATH, headers })).statusCode).toBe(200);
    const url = `${PATH}/${delivery!.id}/redeliver`;
    expect((await server.inject({ method: 'POST', url, headers })).statusCode).toBe(403);
  });
});
