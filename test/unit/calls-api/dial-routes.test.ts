import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { CALLS, type DialApi, dialApi, dialBody } from '../../support/dial-api.ts';
import { allow, dialOrder, USER } from '../../support/dial-order.ts';
import { nameOf } from '../../support/pretended-calls.ts';
import { graphRefusal } from '../../support/scripted-permission-graph.ts';

const HOUR = 3_600_000;

const iso = (time: number) => new Date(time).toISOString();

async function recordOf(api: DialApi, id: string) {
  return (await api.get(`${CALLS}/${id}`)).body.data;
}

describe('a dial', () => {
  it('is answered 202 with its record and where to follow it, and is placed as it was asked for', async () => {
    const api = await dialApi();
    await api.grant();
    const asked = dialBody({
      to: '+1 (555) 010-0001',
      recipient: 'US.134912345',
      ring_timeout_seconds: 30,
      context: { order: '12853' },
      biz_opaque_callback_data: 'crm-7',
      user_time_zone: 'America/New_York',
    });
    const { status, body, headers } = await api.post(CALLS, asked);
    expect(status).toBe(202);
    expect(body).toMatchObject({
      data: {
        direction: 'outbound',
        user_wa_id: USER.waId,
        call_id: nameOf(body.data.id),
        ending: null,
        waiting: null,
      },
      follow: `${CALLS}/${body.data.id}`,
      warnings: [],
    });
    expect(headers['location']).toBe(body.follow);
    expect(api.calls.placed).toMatchObject([
      {
        id: body.data.id,
        phoneNumberId: PHONE_NUMBER_ID,
        user: { waId: USER.waId, userId: 'US.134912345' },
        voiceAgentId: null,
        ringTimeoutMs: 30_000,
        context: { order: '12853' },
        bizOpaqueCallbackData: 'crm-7',
        userTimeZone: 'America/New_York',
        clientMedia: false,
      },
    ]);
    expect(await recordOf(api, body.data.id)).toMatchObject({ biz_opaque_callback_data: 'crm-7', timeline: [] });
  });

  it('may come in an envelope, and to a user who has no number', async () => {
    const api = await dialApi();
    const user = { waId: null, userId: 'US.ENT.9x' };
    await api.grant(user);
    const call = { phone_number_id: PHONE_NUMBER_ID, recipient: 'US.ENT.9x' };
    expect((await api.post(CALLS, { call })).status).toBe(202);
    expect(api.calls.placed).toMatchObject([{ user }]);
  });

  it('carries a warning when a limit is near', async () => {
    const api = await dialApi();
    await api.grant();
    for (const detail of ['1', '2']) {
      const { body } = await api.post(CALLS, dialBody());
      await api.calls.end(body.data, { class: 'missed', reason: 'unanswered', endedBy: 'bridge', detail });
    }
    const { status, body } = await api.post(CALLS, dialBody());
    expect([status, body.warnings]).toEqual([202, [expect.stringContaining('2 calls in a row were not picked up')]]);
  });

  it('without permission is refused with code, reason and what to know, and nothing of it is kept', async () => {
    const api = await dialApi();
    const { status, body } = await api.post(CALLS, dialBody());
    expect([status, body]).toEqual([
      401,
      {
        error: 'Refused by talkwire: this user has not allowed calls of this number.',
        code: 138006,
        reason: 'no_permission',
        retry_at: null,
      },
    ]);
    expect(api.calls.placed).toEqual([]);
    expect((await api.get(`/meta/whatsapp/${PHONE_NUMBER_ID}/calls`)).body.data).toEqual([]);
  });

  it('against a limit that a clock lifts says when, in the body and in Retry-After', async () => {
    const api = await dialApi();
    await api.grant();
    const until = api.clock.now() + 90_500;
    await api.database.permissions.refused(PHONE_NUMBER_ID, USER, 138012, until, until - 1);
    const { status, body, headers } = await api.post(CALLS, dialBody());
    expect([status, headers['retry-after']]).toEqual([400, '91']);
    expect(body).toMatchObject({ code: 138012, reason: 'connected_call_limit', retry_at: iso(until) });
    await api.clock.advance(90_500);
    expect((await api.post(CALLS, dialBody())).status).toBe(202);
  });

  it.each([
    ['draining', 503, 131016, 'stopping'],
    ['at_capacity', 503, 131016, 'TALKWIRE_MAX_CALLS'],
    ['no_agent', 400, 100, 'No voice agent'],
    ['unknown_agent', 404, 100, 'voice_agent_id is not'],
    ['unknown_number', 404, 100, 'phone_number_id is not'],
  ] as const)('that nobody can place (%s) is refused with %i', async (why, expected, code, words) => {
    const api = await dialApi();
    await api.grant();
    api.calls.refuses = why;
    const { status, body } = await api.post(CALLS, dialBody());
    expect(status).toBe(expected);
    expect(body).toEqual({ error: expect.stringContaining(words), code, reason: why });
    expect(api.calls.placed).toEqual([]);
  });

  it('of a number that is not ours, or without a key, is refused', async () => {
    const api = await dialApi();
    const foreign = await api.post(CALLS, dialBody({ phone_number_id: '1' }));
    expect([foreign.status, foreign.body.reason]).toEqual([404, 'unknown_number']);
    for (const url of [CALLS, `${CALLS}/x/hangup`]) {
      expect((await api.post(url, dialBody(), { 'x-api-key': 'wrong' })).status).toBe(401);
    }
  });
});

describe('a dial that asks first', () => {
  it('waits for the answer, and is placed by itself when the user says yes', async () => {
    const api = await dialApi();
    await api.message();
    const { status, body } = await api.post(CALLS, dialBody({ permission: 'ask', permission_deadline_seconds: 3_600 }));
    expect(status).toBe(202);
    expect(body.data).toMatchObject({
      status: 'awaiting_permission',
      call_id: null,
      started_at: null,
      waiting: {
        state: 'awaiting_permission',
        asked_at: iso(api.clock.now()),
        next_attempt_at: null,
        until: iso(api.clock.now() + HOUR),
      },
    });
    expect(api.graph.sent).toMatchObject([{ to: USER.waId, interactive: { type: 'call_permission_request' } }]);
    expect(api.calls.placed).toEqual([]);
    await api.grant();
    await vi.waitFor(() => expect(api.calls.placed).toMatchObject([{ id: body.data.id }]));
    await vi.waitFor(async () =>
      expect(await recordOf(api, body.data.id)).toMatchObject({ status: 'ringing', waiting: null }),
    );
  });

  it('asks with the template of the request outside the window', async () => {
    const api = await dialApi();
    const template = { name: 'may_we_call', language: 'en_US', components: [{ type: 'body', parameters: [] }] };
    expect((await api.post(CALLS, dialBody({ permission: { template } }))).status).toBe(202);
    expect(api.graph.sent).toMatchObject([{ type: 'template', template: { name: 'may_we_call' } }]);
  });

  it('ends when the user says no, and when the deadline comes', async () => {
    const api = await dialApi();
    await api.message();
    const one = await api.post(CALLS, dialBody({ permission: 'ask' }));
    await api.decline();
    expect(await recordOf(api, one.body.data.id)).toMatchObject({
      status: 'completed',
      ending: { class: 'rejected', reason: 'permission_declined' },
      waiting: null,
    });
    const other = { waId: '15550100002', userId: null };
    await api.message(other);
    const two = await api.post(CALLS, dialBody({ to: other.waId, permission: 'ask', permission_deadline_seconds: 60 }));
    await vi.waitFor(async () => {
      await api.clock.advance(60_000);
      expect(await recordOf(api, two.body.data.id)).toMatchObject({ ending: { reason: 'permission_expired' } });
    });
  });

  it('is refused as Graph refuses the request, with its status, body and time', async () => {
    const api = await dialApi();
    await api.message();
    const refusal = graphRefusal(429, 131056, { retryAfterMs: 2_500 });
    api.graph.onSend = () => refusal;
    const { status, body, headers } = await api.post(CALLS, dialBody({ permission: 'ask' }));
    expect([status, body, headers['retry-after']]).toEqual([429, refusal.body, '3']);
    const [record] = (await api.get(`/meta/whatsapp/${PHONE_NUMBER_ID}/calls`)).body.data;
    expect(await recordOf(api, record.id)).toMatchObject({ ending: { reason: 'request_refused' }, waiting: null });
  });

  it('cannot ask outside the window without a template', async () => {
    const api = await dialApi();
    const { status, body } = await api.post(CALLS, dialBody({ permission: 'ask' }));
    expect([status, body.code, body.reason]).toEqual([400, 131047, 'window_closed']);
  });
});

describe('a scheduled dial', () => {
  it('waits for its time, is in the list under its status, and is then placed', async () => {
    const api = await dialApi();
    await api.grant();
    const at = api.clock.now() + HOUR;
    const { status, body } = await api.post(CALLS, dialBody({ schedule: { at: iso(at), until: iso(at + HOUR) } }));
    expect([status, body.data.status]).toEqual([202, 'scheduled']);
    expect(body.data.waiting).toEqual({
      state: 'scheduled',
      asked_at: null,
      next_attempt_at: iso(at),
      until: iso(at + HOUR),
    });
    const list = await api.get(`/meta/whatsapp/${PHONE_NUMBER_ID}/calls?status=SCHEDULED`);
    expect(list.body.data).toMatchObject([{ id: body.data.id }]);
    expect(api.calls.placed).toEqual([]);
    await vi.waitFor(async () => {
      await api.clock.advance(HOUR);
      expect(api.calls.placed).toMatchObject([{ id: body.data.id }]);
    });
  });

  it('may be a month away, which no timer of the system is set for', async () => {
    const api = await dialApi();
    await api.grant();
    const timers = vi.spyOn(api.clock, 'at');
    const at = api.clock.now() + 31 * 24 * HOUR;
    const { body } = await api.post(CALLS, dialBody({ schedule: { at: iso(at) } }));
    expect(body.data).toMatchObject({ status: 'scheduled', waiting: { next_attempt_at: iso(at) } });
    for (let day = 1; day <= 3; day += 1) {
      await vi.waitFor(() => expect(timers).toHaveBeenCalledTimes(day));
      const [time] = timers.mock.lastCall!;
      expect(time - api.clock.now()).toSatisfy((ms: number) => ms >= 1_000 && ms < 2 ** 31);
      await api.clock.advance(24 * HOUR);
    }
    expect(api.calls.placed).toEqual([]);
  });

  it('is given up by a hang-up', async () => {
    const api = await dialApi();
    const { body } = await api.post(CALLS, dialBody({ schedule: { at: iso(api.clock.now() + HOUR) } }));
    const ended = { ending: { class: 'missed', reason: 'cancelled', ended_by: 'api' }, waiting: null };
    for (let turn = 0; turn < 2; turn += 1) {
      const answer = await api.post(`${CALLS}/${body.data.id}/hangup`, {});
      expect(answer.status).toBe(202);
      expect(answer.body.data).toMatchObject(ended);
    }
  });
});

describe('a hang-up', () => {
  it('ends a call that is live, by either id', async () => {
    const api = await dialApi();
    await api.grant();
    const { body } = await api.post(CALLS, dialBody());
    const answer = await api.post(`${CALLS}/${nameOf(body.data.id)}/hangup`, {});
    expect([answer.status, answer.body.data.id]).toEqual([202, body.data.id]);
    expect(api.calls.isOurs(body.data.id)).toBe(false);
  });

  it('that comes between the record of a dial and its machine is heard by the machine', async () => {
    const api = await dialApi();
    const order = dialOrder();
    const { permissions } = api.database;
    await permissions.reserve(order, api.clock.now(), allow);
    // No machine was found, so it was asked whether the dial waits; now there is one.
    vi.spyOn(permissions, 'giveUp').mockImplementationOnce(async () => {
      await api.calls.place(order, callIdentity({ id: order.id, callId: order.id }));
      return false;
    });
    const { status, body } = await api.post(`${CALLS}/${order.id}/hangup`, {});
    expect([status, body.data.id]).toEqual([202, order.id]);
    expect(api.calls.isOurs(order.id)).toBe(false);
  });

  it('that comes when a dial becomes due ends it, at whichever moment', async () => {
    const api = await dialApi();
    for (let moment = 0; moment < 60; moment += 1) {
      const user = { waId: `155501002${String(moment).padStart(2, '0')}`, userId: null };
      await api.grant(user);
      const schedule = { at: iso(api.clock.now() + 60_000) };
      const { id } = (await api.post(CALLS, dialBody({ to: user.waId, schedule }))).body.data;
      const due = api.clock.advance(60_000);
      for (let turn = 0; turn < moment; turn += 1) await Promise.resolve();
      expect((await api.post(`${CALLS}/${id}/hangup`, {})).status).toBe(202);
      await due;
      expect(api.calls.isOurs(id)).toBe(false);
    }
    expect(api.faults).toEqual([]);
  });

  it('of a call that a client has, or of none, is refused', async () => {
    const api = await dialApi();
    await api.grant();
    const session = { sdp_type: 'offer', sdp: 'v=0' };
    await api.post(`/meta/whatsapp/${PHONE_NUMBER_ID}/calls`, { action: 'connect', to: USER.waId, session });
    const { status, body } = await api.post(`${CALLS}/wacid.client.1/hangup`, {});
    expect([status, body.error]).toEqual([409, expect.stringContaining('ends it through Graph')]);
    expect((await api.post(`${CALLS}/${randomUUID()}/hangup`, {})).status).toBe(404);
  });
});
