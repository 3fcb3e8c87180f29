import { describe, expect, it, vi } from 'vitest';
import type { Naming } from '../../../src/calls-api/ports.ts';
import { addNumber } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { type DialApi, dialApi, GRAPH } from '../../support/dial-api.ts';
import { USER } from '../../support/dial-order.ts';
import { nameOf } from '../../support/pretended-calls.ts';
import { graphRefusal } from '../../support/scripted-permission-graph.ts';

const SESSION = { sdp_type: 'offer', sdp: 'v=0\r\n' };
const CONNECT = { messaging_product: 'whatsapp', action: 'connect', to: USER.waId };
const REQUEST = {
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to: USER.waId,
  type: 'interactive',
  interactive: {
    type: 'call_permission_request',
    action: { name: 'call_permission_request' },
    body: { text: 'May we call you?' },
  },
};
const SUCCESS = { messaging_product: 'whatsapp', success: true };
const DAY = 24 * 3_600_000;

const connect = (api: DialApi, more: object = {}) => api.post(`${GRAPH}/calls`, { ...CONNECT, ...more });

describe('connect without a session', () => {
  it.each([
    `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/calls`,
    `/meta/whatsapp/v19.0/${PHONE_NUMBER_ID}/calls`,
    `/meta/whatsapp/${PHONE_NUMBER_ID}/calls`,
    `/api/meta/v23.0/${PHONE_NUMBER_ID}/calls`,
    `/api/meta/${PHONE_NUMBER_ID}/calls`,
  ])("places a call of the number's agent and answers with Meta's id, on %s", async (path) => {
    const api = await dialApi();
    await api.grant();
    const { status, body } = await api.post(path, { ...CONNECT, biz_opaque_callback_data: 'corr-1', session: null });
    const [order] = api.calls.placed;
    expect([status, body]).toEqual([200, { messaging_product: 'whatsapp', calls: [{ id: nameOf(order!.id) }] }]);
    expect(order).toMatchObject({
      user: USER,
      bizOpaqueCallbackData: 'corr-1',
      clientMedia: false,
      voiceAgentId: null,
    });
    expect(api.graph.connects).toEqual([]);
  });

  it('reaches a user by BSUID, and makes no phone number of its digits', async () => {
    const api = await dialApi();
    const user = { waId: null, userId: 'US.134912345' };
    await api.grant(user);
    expect((await connect(api, { to: undefined, recipient: 'US.134912345' })).status).toBe(200);
    await api.calls.end(api.calls.placed[0]!, { class: 'missed', reason: 'declined', endedBy: 'user', detail: null });
    expect((await connect(api, { to: 'US.134912345' })).status).toBe(200);
    expect(api.calls.placed).toMatchObject([{ user }, { user }]);
  });

  it.each<[string, Naming, number, number, string]>([
    ["Graph's code", ended('connect_refused', '138001'), 400, 138001, 'Graph refused to place the call'],
    ["Graph's code and its status", ended('connect_refused', '138006'), 401, 138006, 'Graph refused'],
    ['throttling', ended('connect_refused', '138005'), 429, 138005, 'Graph refused'],
    ['no code', ended('connect_refused', 'refused'), 503, 131016, 'connect_refused (refused)'],
    ['no media', ended('media_failed', 'no_port'), 503, 131016, 'media_failed (no_port)'],
    ['a stop', ended('service_drained', null), 503, 131016, 'service_drained'],
    ['no answer in the end', ended('connect_unknown', null), 504, 131000, 'gave no answer'],
    ['no answer so far', { type: 'silent' }, 504, 131000, 'gave no answer'],
  ])('that comes to nothing for %s is an error that says so', async (_, naming, expected, code, words) => {
    const api = await dialApi();
    await api.grant();
    api.calls.becomes = () => naming;
    const { status, body } = await connect(api);
    expect([status, body.error.code]).toEqual([expected, code]);
    expect(body.error.error_data).toMatchObject({
      details: expect.stringContaining(words),
      call: api.calls.placed[0]!.id,
      reason: naming.type === 'ended' ? naming.reason : 'connect_unknown',
    });
  });

  it('is held against the limits, with the code of Meta, and nobody waits for its name', async () => {
    const api = await dialApi();
    const forget = vi.spyOn(api.calls, 'forget');
    const { status, body } = await connect(api);
    expect([status, body.error]).toMatchObject([
      401,
      {
        code: 138006,
        type: 'OAuthException',
        error_data: { messaging_product: 'whatsapp', reason: 'no_permission', retry_at: null },
      },
    ]);
    expect(body.error.error_data.details).toMatch(/^Refused by talkwire: /);
    expect(forget).toHaveBeenCalledOnce();
  });
});

describe('connect with a session', () => {
  it("is the client's: its body passes untouched, the answer comes back, and the call is counted and followed", async () => {
    const api = await dialApi();
    await api.grant();
    const more = { session: SESSION, biz_opaque_callback_data: 'mine', recording: { status: 'ENABLED' } };
    const { status, body } = await connect(api, more);
    expect([status, body]).toEqual([200, { messaging_product: 'whatsapp', calls: [{ id: 'wacid.client.1' }] }]);
    expect(api.graph.connects).toEqual([{ ...CONNECT, ...more }]);
    expect(api.calls.placed).toEqual([]);
    expect(api.calls.followed).toMatchObject([{ callId: 'wacid.client.1', bizOpaqueCallbackData: 'mine' }]);
    const again = await connect(api, { session: SESSION });
    expect([again.status, again.body.error.code]).toEqual([400, 138003]);
    expect(api.graph.connects).toHaveLength(1);
  });

  it("that Graph refuses is answered with Graph's own words, and leaves nothing behind", async () => {
    const api = await dialApi();
    await api.grant();
    const refusal = graphRefusal(400, 100, { retryAfterMs: 7_000 });
    api.graph.onConnect = () => refusal;
    const { status, body, headers } = await connect(api, { session: SESSION });
    expect([status, body, headers['retry-after']]).toEqual([400, refusal.body, '7']);
    api.graph.onConnect = () => ({ type: 'placed', callId: 'wacid.2', body: {} });
    expect((await connect(api, { session: SESSION })).status).toBe(200);
  });

  it("passes a fault of Meta's on, and says so when there was no answer at all", async () => {
    const api = await dialApi();
    await api.grant();
    const fault = { error: { code: 131000, message: 'Something went wrong', type: 'OAuthException', fbtrace_id: 'A' } };
    api.graph.onConnect = () => ({ type: 'unknown', answer: { status: 500, body: fault } });
    const answered = await connect(api, { session: SESSION });
    expect([answered.status, answered.body]).toEqual([500, fault]);
    const other = '15550100002';
    await api.grant({ waId: other, userId: null });
    api.graph.onConnect = () => ({ type: 'unknown', answer: null });
    const silent = await connect(api, { session: SESSION, to: other });
    expect([silent.status, silent.body.error.code]).toEqual([504, 131000]);
  });

  it('without permission never reaches Graph', async () => {
    const api = await dialApi();
    const { status, body } = await connect(api, { session: SESSION });
    expect([status, body.error.code]).toEqual([401, 138006]);
    expect(api.graph.connects).toEqual([]);
  });
});

describe('a body of calls', () => {
  it.each([
    [{ action: 'connect' }, 'to must be a phone number, or recipient a BSUID'],
    [{ action: 'connect', to: 'ada' }, 'to must be'],
    [{ action: 'connect', to: '', recipient: 'x' }, 'to must be'],
    [{ ...CONNECT, biz_opaque_callback_data: 7 }, 'biz_opaque_callback_data must be'],
    [{ ...CONNECT, biz_opaque_callback_data: 'x'.repeat(513) }, 'biz_opaque_callback_data must be'],
    [{ ...CONNECT, session: SESSION, biz_opaque_callback_data: 'talkwire:1' }, 'does not begin with talkwire:'],
    [{ to: USER.waId }, 'action must be given'],
    [{ action: 3 }, 'action must be given'],
    [{ action: 'terminate' }, 'call_id must be given'],
    [{ action: 'accept', call_id: {} }, 'call_id must be given'],
    [[], 'The body must be a JSON object'],
    ['text', 'The body must be a JSON object'],
    [null, 'The body must be a JSON object'],
  ])('%j is refused: %s', async (body, words) => {
    const api = await dialApi();
    await api.grant();
    const answer = await api.post(`${GRAPH}/calls`, body);
    expect([answer.status, answer.body.error.code]).toEqual([400, 100]);
    expect(answer.body.error.error_data.details).toContain(words);
    expect([api.graph.connects, api.graph.forwarded, api.calls.placed]).toEqual([[], [], []]);
  });
});

describe('another action', () => {
  it.each(['terminate', 'reject'])('%s ends a call of which this service has the media', async (action) => {
    const api = await dialApi();
    await api.grant();
    const { body } = await connect(api);
    const answer = await api.post(`${GRAPH}/calls`, { action, call_id: body.calls[0].id });
    expect([answer.status, answer.body]).toEqual([200, SUCCESS]);
    expect(api.calls.isOurs(api.calls.placed[0]!.id)).toBe(false);
    expect(api.graph.forwarded).toEqual([]);
  });

  it.each(['accept', 'pre_accept', 'dance'])('%s of such a call is refused', async (action) => {
    const api = await dialApi();
    await api.grant();
    const { body } = await connect(api);
    const answer = await api.post(`${GRAPH}/calls`, { action, call_id: body.calls[0].id, session: SESSION });
    expect([answer.status, answer.body.error.code]).toEqual([400, 100]);
    expect(answer.body.error.error_data.details).toContain('answers the call itself');
    expect(api.graph.forwarded).toEqual([]);
  });

  it('of any other call passes through, and so does what Graph says', async () => {
    const api = await dialApi();
    const accept = { messaging_product: 'whatsapp', action: 'accept', call_id: 'wacid.x', session: SESSION };
    expect(await api.post(`${GRAPH}/calls`, accept)).toMatchObject({ status: 200, body: SUCCESS });
    expect(api.graph.forwarded).toEqual([accept]);
    const { body } = graphRefusal(400, 100);
    api.graph.onForward = () => ({ type: 'answered', status: 400, body });
    expect(await api.post(`${GRAPH}/calls`, accept)).toMatchObject({ status: 400, body });
    api.graph.onForward = () => ({ type: 'unknown' });
    expect((await api.post(`${GRAPH}/calls`, accept)).status).toBe(504);
  });

  it('on one of our calls under another number is for Graph to refuse', async () => {
    const api = await dialApi();
    await api.grant();
    const { body } = await connect(api);
    const other = '999000000000001';
    await addNumber(api.database, other);
    await api.post(`/meta/whatsapp/${other}/calls`, { action: 'terminate', call_id: body.calls[0].id });
    expect(api.calls.isOurs(api.calls.placed[0]!.id)).toBe(true);
    expect(api.graph.forwarded).toHaveLength(1);
  });
});

describe('call_permissions', () => {
  const report = (at: number) => ({
    messaging_product: 'whatsapp',
    permission: { status: 'temporary', expiration_time: Math.floor(at / 1_000) + 600 },
    actions: [
      {
        action_name: 'send_call_permission_request',
        can_perform_action: true,
        limits: [
          { time_period: 'PT24H', max_allowed: 1, current_usage: 0 },
          { time_period: 'P7D', max_allowed: 2, current_usage: 0 },
        ],
      },
      {
        action_name: 'start_call',
        can_perform_action: true,
        limits: [{ time_period: 'PT24H', max_allowed: 100, current_usage: 3 }],
      },
    ],
  });

  it.each([
    `user_wa_id=${USER.waId}`,
    `user_wa_id=%2B1%20555-010-0001&fields=kapso(default)`,
    'recipient=US.134912345',
  ])("answers in Meta's shape what Graph reports now, for %s", async (query) => {
    const api = await dialApi();
    api.graph.onRead = () => ({ type: 'report', at: api.clock.now(), body: report(api.clock.now()) });
    const { status, body } = await api.get(`${GRAPH}/call_permissions?${query}`);
    expect([status, body]).toEqual([200, report(api.clock.now())]);
  });

  it('knows what the ledger knows when Graph says nothing', async () => {
    const api = await dialApi();
    await api.grant();
    const { status, body } = await api.get(`${GRAPH}/call_permissions?user_wa_id=${USER.waId}`);
    expect(status).toBe(200);
    expect(body.permission).toEqual({
      status: 'temporary',
      expiration_time: Math.floor((api.clock.now() + 7 * DAY) / 1_000),
    });
    expect(body.actions[1]).toEqual({
      action_name: 'start_call',
      can_perform_action: true,
      limits: [{ time_period: 'PT24H', max_allowed: 100, current_usage: 0 }],
    });
  });

  it("passes Graph's refusal on, but its throttling", async () => {
    const api = await dialApi();
    const refusal = graphRefusal(401, 138000);
    api.graph.onRead = () => refusal;
    const refused = await api.get(`${GRAPH}/call_permissions?user_wa_id=${USER.waId}`);
    expect([refused.status, refused.body]).toEqual([401, refusal.body]);
    api.graph.onRead = () => graphRefusal(429, 613);
    const { status, body } = await api.get(`${GRAPH}/call_permissions?user_wa_id=${USER.waId}`);
    expect([status, body.permission]).toEqual([200, { status: 'no_permission' }]);
  });

  it.each(['', 'user_wa_id=', 'user_wa_id=ada', 'recipient=us.1', 'user_wa_id=15550100001&user_wa_id=15550100002'])(
    'needs a user, which ?%s names none',
    async (query) => {
      const api = await dialApi();
      const { status, body } = await api.get(`${GRAPH}/call_permissions?${query}`);
      expect([status, body.error.code]).toEqual([400, 100]);
      expect(body.error.error_data.details).toContain('user_wa_id');
      expect(api.graph.reads).toEqual([]);
    },
  );
});

describe('messages', () => {
  it('without an answer of Graph are 504, a request for permission and any other', async () => {
    const api = await dialApi();
    await api.message();
    api.graph.onSend = () => ({ type: 'unknown', answer: null });
    const text = { messaging_product: 'whatsapp', to: USER.waId, type: 'text', text: { body: 'Hello' } };
    for (const message of [text, REQUEST]) {
      const { status, body } = await api.post(`${GRAPH}/messages`, message);
      expect([status, body.error.code]).toEqual([504, 131000]);
    }
  });

  it('pass a request for permission through and count it', async () => {
    const api = await dialApi();
    await api.message();
    const first = await api.post(`${GRAPH}/messages`, REQUEST);
    expect([first.status, first.body]).toEqual([200, { messaging_product: 'whatsapp', messages: [{ id: 'wamid.1' }] }]);
    expect(api.graph.sent).toEqual([REQUEST]);
    const second = await api.post(`${GRAPH}/messages`, REQUEST);
    expect([second.status, second.body.error.code]).toEqual([400, 138009]);
    expect(second.body.error.error_data).toMatchObject({ reason: 'request_pending' });
    expect(api.graph.sent).toHaveLength(1);
  });

  it('do not count what Graph refused', async () => {
    const api = await dialApi();
    await api.message();
    const refusal = graphRefusal(400, 131030);
    api.graph.onSend = () => refusal;
    for (let turn = 0; turn < 2; turn += 1) {
      const { status, body } = await api.post(`${GRAPH}/messages`, REQUEST);
      expect([status, body]).toEqual([400, refusal.body]);
    }
    expect(api.graph.sent).toHaveLength(2);
  });

  it('of any other kind only pass, as often as they are sent', async () => {
    const api = await dialApi();
    const text = { messaging_product: 'whatsapp', to: USER.waId, type: 'text', text: { body: 'Hello' } };
    for (let turn = 0; turn < 3; turn += 1) expect((await api.post(`${GRAPH}/messages`, text)).status).toBe(200);
    expect(api.graph.sent).toEqual([text, text, text]);
  });
});

describe("Graph's routes", () => {
  it('are of our numbers only, and for those with a key', async () => {
    const api = await dialApi();
    const foreign = '/meta/whatsapp/v24.0/1';
    const answers = [
      await api.post(`${foreign}/calls`, CONNECT),
      await api.post(`${foreign}/messages`, REQUEST),
      await api.get(`${foreign}/call_permissions?user_wa_id=1`),
    ];
    for (const { status, body } of answers) {
      expect([status, body.error]).toMatchObject([400, { code: 100, error_subcode: 33, type: 'GraphMethodException' }]);
    }
    for (const path of ['calls', 'messages']) {
      expect((await api.post(`${GRAPH}/${path}`, CONNECT, { 'x-api-key': 'wrong' })).status).toBe(401);
    }
    expect([api.graph.sent, api.graph.connects]).toEqual([[], []]);
  });

  it('never tell the token of the number', async () => {
    const api = await dialApi();
    await api.grant();
    const told = [
      await connect(api),
      await connect(api, { session: SESSION }),
      await api.get(`${GRAPH}/call_permissions?user_wa_id=${USER.waId}`),
      await api.post(`${GRAPH}/messages`, REQUEST),
    ];
    expect(JSON.stringify([told, api.logged, api.faults])).not.toContain('EAAG-token');
  });
});

function ended(reason: Extract<Naming, { type: 'ended' }>['reason'], detail: string | null): Naming {
  return { type: 'ended', reason, detail };
}
