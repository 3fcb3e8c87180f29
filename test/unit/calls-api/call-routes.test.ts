import { describe, expect, it } from 'vitest';
import type { CallQueries } from '../../../src/calls-api/index.ts';
import { API_KEY, getAsClient, testApi } from '../../support/api-server.ts';
import { agentTarget, quality, T0 } from '../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';

const LIST = `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/calls`;

/** The keys of a record in kapso-api.md §3. */
const RECORD_KEYS =
  'id call_id direction status duration_seconds started_at ended_at session_started_at created_at updated_at user_wa_id ' +
  'whatsapp_contact_id whatsapp_conversation_id project_id whatsapp_config_id config_display_name ' +
  'config_display_phone_number voice_agent_id voice_agent_name phone_number_id voice_agent whatsapp_contact whatsapp_conversation';

async function apiWithCalls(count: number, publicUrl: string | null = null) {
  const { calls } = await openTestDatabase();
  const made = Array.from({ length: count }, (_, index) => callIdentity({ startedAt: T0 + index }));
  for (const call of made) await calls.create(call, 'ringing', call.startedAt, agentTarget());
  return { ...(await testApi({ calls, publicUrl })), calls, made };
}

describe('list of calls', () => {
  it.each([
    LIST,
    `/meta/whatsapp/${PHONE_NUMBER_ID}/calls`,
    `/api/meta/v23.0/${PHONE_NUMBER_ID}/calls`,
    `/api/meta/${PHONE_NUMBER_ID}/calls`,
    `${LIST}/`,
  ])('answers on %s', async (path) => {
    const { server, made } = await apiWithCalls(1);
    const { status, type, body } = await getAsClient(server, path);
    expect(status).toBe(200);
    expect(type).toContain('application/json');
    expect(body.data.map((call: { id: string }) => call.id)).toEqual([made[0]!.id]);
    expect(Object.keys(body.data[0]).sort()).toEqual(RECORD_KEYS.split(' ').sort());
    expect(body.paging).toEqual({ cursors: { before: null, after: null }, next: null, previous: null });
  });

  it('gives 20 calls unless told otherwise, and links that lead through all pages and keep the filters', async () => {
    const { server, made } = await apiWithCalls(45);
    const sizes: number[] = [];
    const seen: string[] = [];
    let url: string | null = `${LIST}?direction=INBOUND&fields=kapso(default)`;
    let previous: string | null = null;
    while (url !== null) {
      const { body } = await getAsClient(server, url);
      sizes.push(body.data.length);
      seen.push(...body.data.map((call: { id: string }) => call.id));
      previous = body.paging.previous;
      url = body.paging.next;
      if (url !== null) expect(new URL(url).searchParams.get('direction')).toBe('INBOUND');
    }
    expect(sizes).toEqual([20, 20, 5]);
    expect(seen).toEqual(made.map((call) => call.id).reverse());
    const { body } = await getAsClient(server, previous!);
    expect(body.data.map((call: { id: string }) => call.id)).toEqual(seen.slice(20, 40));
    expect(new URL(body.paging.previous).searchParams.has('after')).toBe(false);
  });

  it('builds its links on the public URL, path included', async () => {
    const { server } = await apiWithCalls(2, 'https://bridge.example.com/wa/');
    const { body } = await getAsClient(server, `${LIST}?limit=1`);
    expect(body.paging.next).toMatch(
      new RegExp(`^https://bridge\\.example\\.com/wa${LIST}\\?limit=1&after=[A-Za-z0-9_-]+$`),
    );
  });

  it('finds a call by either id, and nothing for an unknown one', async () => {
    const { server, made } = await apiWithCalls(2);
    const call = made[0]!;
    for (const id of [call.id, call.callId]) {
      const { body } = await getAsClient(server, `${LIST}?call_id=${id}&limit=1`);
      expect(body.data).toMatchObject([{ id: call.id, call_id: call.callId }]);
    }
    const { status, body } = await getAsClient(server, `${LIST}?call_id=wacid.unknown`);
    expect([status, body.data]).toEqual([200, []]);
  });

  it('answers bad input in the envelope of Graph, naming the field and the rule', async () => {
    const { server } = await apiWithCalls(0);
    const { status, body } = await getAsClient(server, `${LIST}?limit=500`);
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        message: 'Invalid parameter',
        type: 'OAuthException',
        code: 100,
        error_data: { messaging_product: 'whatsapp', details: 'limit must be a whole number from 1 to 100' },
        fbtrace_id: expect.stringMatching(/^.{8,}$/),
      },
    });
    const cursor = await getAsClient(server, `${LIST}?before=nonsense`);
    expect(cursor.status).toBe(400);
    expect(cursor.body.error.error_data.details).toBe('before must be a cursor that this service gave out');
  });

  it('answers for a number that is not ours as Graph does', async () => {
    const { server } = await apiWithCalls(0);
    const { status, body } = await getAsClient(server, '/meta/whatsapp/v24.0/999/calls');
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 100, error_subcode: 33, type: 'GraphMethodException' });
  });

  it('answers an unexpected failure without what is inside, and logs it once', async () => {
    const calls: CallQueries = {
      list: () => Promise.reject(new Error('no such table: calls')),
      listNumbered: () => Promise.reject(new Error('no such table: calls')),
      find: async () => null,
      timeline: async () => [],
    };
    const { server, logged } = await testApi({ calls });
    const { status, body } = await getAsClient(server, LIST);
    expect(status).toBe(500);
    expect(body.error.code).toBe(131000);
    expect(JSON.stringify(body)).not.toContain('table');
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toContain(PHONE_NUMBER_ID);
  });
});

describe('one call', () => {
  it('comes with its ending, quality and timeline', async () => {
    const { server, calls, made } = await apiWithCalls(1);
    const call = made[0]!;
    const ending = { class: 'dropped', reason: 'agent_lost', endedBy: 'bridge', detail: 'socket_lost' } as const;
    await calls.append(call.id, { at: T0, type: 'offered', data: { ageMs: 12 } });
    await calls.update(call.id, { ending, quality: quality() }, T0 + 5);
    for (const id of [call.id, call.callId]) {
      const { status, body } = await getAsClient(server, `/platform/v1/whatsapp/calls/${id}`);
      expect(status).toBe(200);
      expect(body.data).toMatchObject({
        id: call.id,
        ending: { class: 'dropped', reason: 'agent_lost', ended_by: 'bridge', detail: 'socket_lost' },
        quality: { packets_received: 500 },
        timeline: [{ at: new Date(T0).toISOString(), type: 'offered', data: { ageMs: 12 } }],
      });
    }
  });

  it('that is not there is a plain 404', async () => {
    const { server } = await apiWithCalls(0);
    const { status, body } = await getAsClient(server, '/platform/v1/whatsapp/calls/unknown');
    expect([status, body]).toEqual([404, { error: 'Call not found' }]);
  });
});

describe('API key', () => {
  it.each([
    { 'x-api-key': API_KEY },
    { 'x-api-key': 'another-key-while-rotating' },
    { authorization: `Bearer ${API_KEY}` },
    { authorization: 'Bearer EAAG-a-token-of-meta', 'x-api-key': API_KEY },
    { authorization: `bearer ${API_KEY}`, 'x-api-key': 'wrong' },
  ])('opens the log: %j', async (headers) => {
    const { server } = await apiWithCalls(0);
    expect((await getAsClient(server, LIST, headers as Record<string, string>)).status).toBe(200);
  });

  it.each([
    {},
    { 'x-api-key': '' },
    { 'x-api-key': `${API_KEY}x` },
    { 'x-api-key': API_KEY.slice(0, -1) },
    { authorization: API_KEY },
    { authorization: `Basic ${API_KEY}` },
  ])('is refused: %j', async (headers) => {
    const { server } = await apiWithCalls(0);
    const { status, body } = await getAsClient(server, `${LIST}?limit=500`, headers as Record<string, string>);
    expect(status).toBe(401);
    expect(body.error).toMatchObject({ code: 190, type: 'OAuthException' });
    const platform = await getAsClient(server, '/platform/v1/whatsapp/calls/x', headers as Record<string, string>);
    expect([platform.status, platform.body]).toEqual([401, { error: 'Missing or wrong API key' }]);
  });
});

describe('the rest', () => {
  it('answers an unknown path in the envelope', async () => {
    const { server } = await testApi();
    const { status, body } = await getAsClient(server, '/meta/whatsapp/v24.0/1/calls/1');
    expect([status, body.error.code]).toEqual([404, 100]);
  });

  it('survives any Host header', async () => {
    const { server } = await apiWithCalls(2);
    for (const host of ['a b', '[', 'x:99999', '', 'ok.example']) {
      const response = await server.inject({ url: `${LIST}?limit=1`, headers: { host, 'x-api-key': API_KEY } });
      expect(response.statusCode).toBe(200);
    }
  });
});
