import { describe, expect, it } from 'vitest';
import { API_KEY, apiKeyOf, testApi } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { type GraphApi, graphApi } from '../../support/graph-api.ts';
import { graphRefusal } from '../../support/graph-server.ts';
import { jsonOf } from '../../support/raw-request.ts';

const NUMBER = `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}`;
const SETTINGS = `${NUMBER}/settings`;
const JSON_TYPE = { 'content-type': 'application/json' };
const SUCCESS = { status: 200, body: { success: true } };

const post = (api: GraphApi, body: string) => api.ask(SETTINGS, { method: 'POST', headers: JSON_TYPE, body });

describe('settings of a number', () => {
  it('that Graph tells are passed on, and mirrored as far as they are about calls, without passwords', async () => {
    const api = await graphApi();
    const sip = { status: 'ENABLED', servers: [{ hostname: 'sip.example.com', sip_user_password: 'PW-1' }] };
    const body = { storage_configuration: { status: 'DEFAULT' }, calling: { status: 'ENABLED', sip } };
    api.graph.answers({ status: 200, body });
    const answer = await api.ask(`${SETTINGS}?include_sip_credentials=true`);
    expect([answer.status, jsonOf(answer)]).toEqual([200, body]);
    const kept = { status: 'ENABLED', sip: { status: 'ENABLED', servers: [{ hostname: 'sip.example.com' }] } };
    expect(api.mirrored).toEqual([{ phoneNumberId: PHONE_NUMBER_ID, calling: kept, at: api.clock.now() }]);
    expect(JSON.stringify([api.mirrored, api.logged])).not.toContain('PW-1');
  });

  it.each([
    `${SETTINGS}?include_sip_credentials=true`,
    `${SETTINGS}?fields=calling&include%5fSip.credentials=1`,
    `${NUMBER}?fields=settings.include_sip_credentials(true)`,
    `${NUMBER}?fields=settings.include%5fsip%5fcredentials(true)%zz`,
  ])('tell SIP passwords to admins alone: %s', async (path) => {
    const api = await graphApi();
    api.graph.answers({ status: 200, body: {} });
    for (const [scope, status] of [
      ['read', 403],
      ['calls', 403],
      ['admin', 200],
    ] as const) {
      const key = await apiKeyOf(api.database, { scope });
      expect((await api.ask(path, { headers: { 'x-api-key': key } })).status).toBe(status);
    }
    expect(api.graph.requests).toHaveLength(1);
  });

  it('that a client changes are mirrored once Graph has taken them', async () => {
    const api = await graphApi();
    api.graph.answers(SUCCESS);
    expect((await post(api, '{"calling":{"status":"DISABLED"}}')).status).toBe(200);
    expect(api.mirrored).toMatchObject([{ calling: { status: 'DISABLED' } }]);
  });

  it('that a client changes lift no restriction: of those Meta alone speaks', async () => {
    const api = await graphApi();
    api.graph.answers(SUCCESS);
    await post(api, '{"calling":{"status":"ENABLED","restrictions":{"restrictions_list":[]}}}');
    expect(api.accountEvents).toMatchObject([{ type: 'calling_settings', calling: { status: 'ENABLED' } }]);
  });

  it.each([
    ['a refusal', graphRefusal(400, 100, 'Bad hours')],
    ['a refusal that comes with 200', { status: 200, body: { success: false } }],
    ['a fault', { status: 500, body: '<h1>No</h1>', headers: { 'content-type': 'text/html' } }],
    ['an answer that says nothing', { status: 200, body: 'true' }],
  ])('are not mirrored after %s', async (_, answer) => {
    const api = await graphApi();
    api.graph.answers(answer);
    expect((await post(api, '{"calling":{"status":"DISABLED"}}')).status).toBe(answer.status);
    expect(api.mirrored).toEqual([]);
  });

  it.each(['{}', '{"calling":null}', '{"calling":[]}', '{"user_identity_change":{}}'])(
    'that say nothing of calls are passed on and not mirrored: %s',
    async (body) => {
      const api = await graphApi();
      api.graph.answers(SUCCESS);
      await post(api, body);
      expect(api.graph.requests.map(({ bytes }) => bytes.toString())).toEqual([body]);
      expect(api.mirrored).toEqual([]);
    },
  );

  it('are answered though nobody could keep them', async () => {
    const graphProxy = {
      pass: async () => ({
        type: 'answered' as const,
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: (await import('node:stream')).Readable.from([Buffer.from('{"calling":{"status":"ENABLED"}}')]),
      }),
      fetchLink: async () => ({ type: 'speechless' as const }),
    };
    const settingsMirror = { seen: async () => Promise.reject(new Error('the disk is full')) };
    const { server, logged } = await testApi({ graphProxy, settingsMirror });
    const answer = await server.inject({ url: SETTINGS, headers: { 'x-api-key': API_KEY } });
    expect(answer.statusCode).toBe(200);
    expect(logged).toMatchObject([{ fields: { during: 'keeping the settings of a number' } }]);
  });
});

describe('messages', () => {
  const send = (api: GraphApi, body: string) =>
    api.ask(`/meta/whatsapp/${PHONE_NUMBER_ID}/messages`, { method: 'POST', headers: JSON_TYPE, body });

  it('that Graph has taken are handed to who keeps them', async () => {
    const api = await graphApi();
    const answer = { messages: [{ id: 'wamid.1' }] };
    api.graph.answers({ status: 200, body: answer }, graphRefusal(400, 131030));
    const sent = { messaging_product: 'whatsapp', to: '15550100001', type: 'text', text: { body: 'Hello' } };
    expect((await send(api, JSON.stringify(sent))).status).toBe(200);
    expect((await send(api, JSON.stringify(sent))).status).toBe(400);
    expect(api.kept).toEqual([{ phoneNumberId: PHONE_NUMBER_ID, request: sent, answer }]);
  });

  it.each([
    '{"to":"15550100001","to":"15550100002","type":"text"}',
    '{"to":"1","type":"interactive","interactive":{"type":"x","\\u0074ype":"call_permission_request"}}',
  ])('that say one thing twice are refused, because Graph might hear the other: %s', async (body) => {
    const api = await graphApi();
    const answer = await send(api, body);
    expect([answer.status, jsonOf(answer).error.error_data.details]).toEqual([
      400,
      expect.stringContaining('given once'),
    ]);
    expect(api.graph.requests).toEqual([]);
  });

  it("that are throttled keep Graph's Retry-After and headers", async () => {
    const api = await graphApi();
    api.graph.answers(
      graphRefusal(429, 130429, 'Slow down', {
        headers: { 'retry-after': '17', 'x-business-use-case-usage': '{"1":[]}' },
      }),
    );
    const { headers } = await send(api, '{"to":"1","type":"text"}');
    expect(headers).toMatchObject({ 'retry-after': '17', 'x-business-use-case-usage': '{"1":[]}' });
  });
});

describe('actions of clients', () => {
  it.each(['accept', 'connect'])('never carry what would have their webhooks taken for ours: %s', async (action) => {
    const api = await graphApi();
    const body = { action, to: '15550100001', call_id: 'wacid.A', session: {}, biz_opaque_callback_data: 'talkwire:1' };
    const answer = await api.ask(`/meta/whatsapp/${PHONE_NUMBER_ID}/calls`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify(body),
    });
    expect([answer.status, jsonOf(answer).error.error_data.details]).toEqual([
      400,
      expect.stringContaining('talkwire:'),
    ]);
    expect(api.graph.requests).toEqual([]);
  });
});
