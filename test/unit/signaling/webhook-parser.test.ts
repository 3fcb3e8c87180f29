import { describe, expect, it } from 'vitest';
import { type CallEvent, parseWebhook } from '../../../src/signaling/index.ts';
import { callsWebhook, OUR_NUMBER, webhookBytes, webhookJson } from '../../support/webhook.ts';

const RECEIVED_AT = 1_760_681_540_000;
const parse = (body: unknown) => parseWebhook(body, RECEIVED_AT);
const reasons = (body: unknown) => parse(body).ignored.map(({ reason }) => reason);

function only(body: unknown): CallEvent {
  const { events } = parse(body);
  expect(events).toHaveLength(1);
  return events[0]!;
}

const ANA = { waId: '15550002222', userId: 'US.1349000001', parentUserId: 'US.ENT.1180001', name: 'Ana' };
const CONNECT = { id: 'wacid.X', event: 'connect', from: '15550002222', timestamp: '1760681506' };
const TERMINATE = { id: 'wacid.X', event: 'terminate', from: '15550002222', timestamp: '1760681533' };

describe('a connect', () => {
  it('of a user brings the offer, who calls, and where they came from', () => {
    const { identity, input } = only(webhookBytes('connect-inbound'));
    expect(identity).toEqual({
      callId: 'wacid.IN1',
      direction: 'inbound',
      phoneNumberId: OUR_NUMBER,
      displayPhoneNumber: '15550001111',
      user: ANA,
      startedAt: 1_760_681_506_000,
      ctaPayload: 'order-7',
      deeplinkPayload: 'from-poster',
      bizOpaqueCallbackData: null,
    });
    expect(input).toMatchObject({ type: 'meta.connect', sdpType: 'offer', timestamp: 1_760_681_506_000 });
    expect(input).toHaveProperty('sdp', expect.stringMatching(/^v=0\r\n.*\r\n$/s));
  });

  it('brings the body as it came, for a runtime that answers by itself', () => {
    expect(only(webhookBytes('connect-inbound')).webhook).toEqual(webhookJson('connect-inbound'));
  });

  it('brings a body without the other calls, statuses and people of its change', () => {
    const other = { ...CONNECT, id: 'wacid.Y', from: '15550003333' };
    const session = { sdp: 'v=0', sdp_type: 'offer' };
    const calls = [
      { ...CONNECT, session },
      { ...other, session },
    ];
    const contacts = [{ wa_id: '15550002222' }, { wa_id: '15550003333' }, {}, 'nobody'];
    const whole = parse(callsWebhook({ calls, contacts, statuses: [{ id: 'wacid.Z', status: 'RINGING' }] }));
    const events = whole.events.filter(({ input }) => input.type === 'meta.connect');
    expect(events.map(({ webhook }) => parse(webhook).events.map(({ identity }) => identity.callId))).toEqual([
      ['wacid.X'],
      ['wacid.Y'],
    ]);
    expect(JSON.stringify(events[0]!.webhook)).not.toMatch(/15550003333|wacid\.[YZ]|nobody/);
    expect(JSON.stringify(events[0]!.webhook)).toContain('15550002222');
  });

  it('of the business brings the answer, and the user is the one that is called', () => {
    const { identity, input } = only(webhookJson('connect-outbound'));
    expect(identity).toMatchObject({ direction: 'outbound', bizOpaqueCallbackData: 'corr-1' });
    expect(identity.user).toEqual({ ...ANA, name: null });
    expect(input).toMatchObject({ type: 'meta.connect', sdpType: 'answer' });
  });

  it('of the business is read though it names nobody, because whom we called we know', () => {
    const call = { id: 'wacid.X', event: 'connect', direction: 'BUSINESS_INITIATED', from: '15550001111' };
    const { identity, input } = only(
      callsWebhook({
        calls: [{ ...call, session: { sdp: 'v=0', sdp_type: 'answer' }, biz_opaque_callback_data: 'a' }],
      }),
    );
    expect(identity).toMatchObject({ user: { waId: null, userId: null }, bizOpaqueCallbackData: 'a' });
    expect(input).toMatchObject({ type: 'meta.connect', sdpType: 'answer' });
  });

  it('of the business to a user without a number carries the business-scoped id of the one that is called', () => {
    const call = { id: 'wacid.X', event: 'connect', direction: 'BUSINESS_INITIATED', from: '15550001111' };
    const sides = { to_user_id: 'US.1349000001', to_parent_user_id: 'US.ENT.1180001' };
    const session = { sdp: 'v=0', sdp_type: 'answer' };
    const { identity } = only(callsWebhook({ calls: [{ ...call, ...sides, session }] }));
    expect(identity.user).toEqual({ ...ANA, waId: null, name: null });
  });

  it('does not take the only contact for the user of each of two calls', () => {
    const contacts = [{ wa_id: '15550002222', user_id: 'US.1349000001', profile: { name: 'Ana' } }];
    const session = { sdp: 'v=0', sdp_type: 'offer' };
    const other = { ...CONNECT, id: 'wacid.Y', from: '15550003333', session };
    const { events } = parse(callsWebhook({ contacts, calls: [{ ...CONNECT, session }, other] }));
    expect(events.map(({ identity }) => identity.user.userId)).toEqual(['US.1349000001', null]);
  });

  it('does not take the only contact for a user with another business-scoped id', () => {
    const contacts = [{ wa_id: '15550002222', user_id: 'US.1349000001', profile: { name: 'Ana' } }];
    const call = { ...CONNECT, from: null, from_user_id: 'US.7', session: { sdp: 'v=0', sdp_type: 'offer' } };
    const { identity } = only(callsWebhook({ contacts, calls: [call] }));
    expect(identity.user).toEqual({ waId: null, userId: 'US.7', parentUserId: null, name: null });
  });

  it('of a user without a number carries the business-scoped id, and no made-up number', () => {
    const { identity } = only(webhookBytes('connect-inbound-without-number'));
    expect(identity.user).toEqual({ ...ANA, waId: null });
  });

  it('does not turn a business-scoped id in the place of the number into a number', () => {
    const { identity } = only(
      callsWebhook({ calls: [{ ...CONNECT, from: 'US.1349000001', session: { sdp: 'v=0', sdp_type: 'offer' } }] }),
    );
    expect(identity.user).toEqual({ waId: null, userId: 'US.1349000001', parentUserId: null, name: null });
  });

  it.each([
    ['offer', 'inbound'],
    ['answer', 'outbound'],
  ])('without a direction is told by its SDP: %s is %s', (sdpType, direction) => {
    const call = { ...CONNECT, to: '15550003333', session: { sdp: 'v=0', sdp_type: sdpType } };
    expect(only(callsWebhook({ calls: [call] })).identity.direction).toBe(direction);
  });

  it('without an SDP type is told by its direction', () => {
    const call = { ...CONNECT, to: '15550003333', direction: 'business_initiated', session: { sdp: 'v=0' } };
    expect(only(callsWebhook({ calls: [call] })).input).toMatchObject({ sdpType: 'answer' });
  });

  it('may give its time as a number', () => {
    const { identity } = only(webhookBytes('connect-inbound-without-direction'));
    expect(identity.startedAt).toBe(1_760_681_506_000);
  });

  it('without a time is taken to be as old as its delivery', () => {
    const call = { ...CONNECT, timestamp: null, session: { sdp: 'v=0', sdp_type: 'offer' } };
    expect(only(callsWebhook({ calls: [call] })).input).toMatchObject({ timestamp: RECEIVED_AT });
  });

  it('takes the name from the contact that is the caller, of several', () => {
    const contacts = [
      { wa_id: '15550004444', profile: { name: 'Bea' } },
      { wa_id: '+15550002222', profile: { username: '@ana' } },
    ];
    const call = { ...CONNECT, session: { sdp: 'v=0', sdp_type: 'offer' } };
    expect(only(callsWebhook({ contacts, calls: [call] })).identity.user.name).toBe('@ana');
  });

  it.each([
    ['an SDP', { ...CONNECT, session: {} }, 'connect without SDP'],
    ['a user', { ...CONNECT, from: null, session: { sdp: 'v=0', sdp_type: 'offer' } }, 'no user'],
    ['a call id', { ...CONNECT, id: ' ' }, 'no call id'],
  ])('without %s is ignored with a reason', (_, call, reason) => {
    expect(reasons(callsWebhook({ calls: [call] }))).toEqual([reason]);
  });
});

describe('a terminate', () => {
  it('of a call that was picked up carries times and duration', () => {
    expect(only(webhookBytes('terminate-completed')).input).toEqual({
      type: 'meta.terminate',
      timestamp: 1_760_681_533_000,
      status: 'COMPLETED',
      startTime: 1_760_681_513_000,
      endTime: 1_760_681_531_000,
      durationSeconds: 18,
      errors: [],
    });
  });

  it('of a call that was not picked up has none, though it is called completed', () => {
    expect(only(webhookBytes('terminate-unanswered')).input).toMatchObject({
      status: 'COMPLETED',
      startTime: null,
      endTime: null,
      durationSeconds: null,
    });
  });

  it('of a call of the business repeats what Graph was given with it', () => {
    const data = { direction: 'BUSINESS_INITIATED', to: '15550002222', biz_opaque_callback_data: 'talkwire:1' };
    const { identity } = only(callsWebhook({ calls: [{ ...TERMINATE, from: '15550001111', ...data }] }));
    expect(identity).toMatchObject({ direction: 'outbound', bizOpaqueCallbackData: 'talkwire:1' });
    expect(identity.user.waId).toBe('15550002222');
  });

  it('that names the same error in the call and beside it names it once', () => {
    const { input } = only(webhookBytes('terminate-no-media'));
    expect(input).toMatchObject({ status: 'FAILED', durationSeconds: 20 });
    expect(input).toHaveProperty('errors', [
      {
        code: 138021,
        title: 'Client received no media',
        details: 'The client did not receive media for a long time',
      },
    ]);
  });

  it('may name a code as text, with nothing but a title, and its status as a list', () => {
    expect(only(webhookBytes('terminate-bare-error')).input).toMatchObject({
      status: 'FAILED',
      errors: [{ code: 138021, title: 'Client received no media', details: null }],
    });
  });

  it('reads an error that stands only beside the call, and completes one copy from the other', () => {
    const beside = { code: 138021, message: 'No media', error_data: { details: 'for 20 s' } };
    const alone = only(callsWebhook({ calls: [TERMINATE], errors: beside })).input;
    expect(alone).toHaveProperty('errors', [{ code: 138021, title: 'No media', details: 'for 20 s' }]);
    const both = only(
      callsWebhook({ calls: [{ ...TERMINATE, errors: [{ code: 138021 }, { code: 138020 }] }], errors: [beside] }),
    ).input;
    expect(both).toHaveProperty('errors', [
      { code: 138021, title: 'No media', details: 'for 20 s' },
      { code: 138020, title: null, details: null },
    ]);
  });

  it('among others gets an error from beside them only if it failed without one of its own', () => {
    const calls = [
      { ...TERMINATE, id: 'wacid.good', status: 'completed' },
      { ...TERMINATE, id: 'wacid.bad', status: 'failed' },
      { ...TERMINATE, id: 'wacid.own', status: 'FAILED', errors: [{ code: 138022 }] },
    ];
    const { events } = parse(callsWebhook({ calls, errors: [{ code: 138021 }] }));
    const codes = events.map(({ input }) =>
      input.type === 'meta.terminate' ? input.errors.map(({ code }) => code) : null,
    );
    expect(codes).toEqual([[], [138021], [138022]]);
  });

  it('needs nothing but the id of its call', () => {
    const { identity, input } = only(callsWebhook({ calls: [{ id: 'wacid.X', event: 'TERMINATE' }] }));
    expect(identity).toMatchObject({ callId: 'wacid.X', user: { waId: null, userId: null } });
    expect(input).toMatchObject({ type: 'meta.terminate', status: null, timestamp: RECEIVED_AT });
  });

  it.each([
    ['comes from the business', { from: '+1 555 000 1111', to: '15550002222' }, 'outbound'],
    ['names the user it went to', { to: '15550002222', to_user_id: 'US.1349000001' }, 'outbound'],
    ['carries the data of one of our dials', { to: '15550002222', biz_opaque_callback_data: 'talkwire:1' }, 'outbound'],
    ['comes from somebody else', { from: '15550002222', to: '15550001111' }, 'inbound'],
  ])('without a direction is told by its sides, if it %s', (_, sides, direction) => {
    const call = { id: 'wacid.X', event: 'terminate', ...sides };
    expect(only(callsWebhook({ calls: [call] })).identity).toMatchObject({ direction, user: { waId: '15550002222' } });
  });

  it.each([
    ['a word', 'soon'],
    ['empty', ''],
    ['negative', -5],
    ['not finite', '1e999'],
    ['beyond any date', 1e300],
    ['an object', {}],
  ])('with a time that is %s has no such time', (_, value) => {
    const call = { ...TERMINATE, start_time: value, end_time: value, duration: value === 1e300 ? null : value };
    const { input } = only(callsWebhook({ calls: [call] }));
    expect(input).toMatchObject({ startTime: null, endTime: null, durationSeconds: null });
  });
});

describe('a status', () => {
  it.each(['RINGING', 'ACCEPTED', 'REJECTED'] as const)('%s is of a call that the business started', (status) => {
    const { identity, input } = only(webhookBytes(`status-${status.toLowerCase()}`));
    expect(input).toEqual({ type: 'meta.status', status, timestamp: 1_749_197_000_000 });
    expect(identity).toMatchObject({
      callId: 'wacid.OUT1',
      direction: 'outbound',
      user: { waId: '15550002222', userId: 'US.1349000001' },
      bizOpaqueCallbackData: 'corr-1',
    });
  });

  it('of a user without a number carries the business-scoped id', () => {
    const side = { recipient_user_id: 'US.1349000001', recipient_parent_user_id: 'US.ENT.1180001' };
    const statuses = [{ id: 'wacid.X', status: 'ACCEPTED', ...side, biz_opaque_callback_data: 'talkwire:1' }];
    const { identity } = only(callsWebhook({ statuses }));
    expect(identity).toMatchObject({ user: { ...ANA, waId: null, name: null }, bizOpaqueCallbackData: 'talkwire:1' });
  });

  it('is read in any letter case', () => {
    const statuses = [{ id: 'wacid.X', status: 'Ringing', recipient_id: '15550002222' }];
    expect(only(callsWebhook({ statuses })).input).toMatchObject({ status: 'RINGING' });
  });

  it('of a message, or of a kind that is not known, is ignored', () => {
    const statuses = [
      { id: 'wamid.1', type: 'message', status: 'delivered' },
      { id: 'wacid.1', type: 'call', status: 'HELD' },
    ];
    expect(reasons(callsWebhook({ statuses }))).toEqual([
      'status of something that is no call',
      'status HELD is not worked off',
    ]);
  });
});

describe('a webhook', () => {
  it('keeps the order that Meta gave it, even a terminate before its connect', () => {
    const { events } = parse(webhookBytes('terminate-before-connect'));
    expect(events.map(({ input }) => input.type)).toEqual(['meta.terminate', 'meta.connect']);
  });

  it('of a thousand changes is read whole', () => {
    const { entry } = webhookJson('terminate-completed') as { entry: { changes: unknown[] }[] };
    const changes = Array.from({ length: 1000 }, () => entry[0]!.changes[0]);
    expect(parse({ entry: [{ changes }] }).events).toHaveLength(1000);
  });

  it('is read entry by entry, call by call, status by status', () => {
    const calls = [TERMINATE, { ...TERMINATE, id: 'wacid.Y' }];
    const statuses = [{ id: 'wacid.Z', status: 'RINGING' }];
    const one = callsWebhook({ calls, statuses }) as { entry: unknown[] };
    const { events } = parse({ entry: [...one.entry, ...one.entry] });
    expect(events.map(({ identity }) => identity.callId)).toEqual([
      'wacid.X',
      'wacid.Y',
      'wacid.Z',
      'wacid.X',
      'wacid.Y',
      'wacid.Z',
    ]);
  });

  it('with one broken item loses only that', () => {
    const { events, ignored } = parse(callsWebhook({ calls: [null, 7, TERMINATE, 'text'] }));
    expect(events).toHaveLength(1);
    expect(ignored.map(({ where }) => where)).toEqual([0, 1, 3].map((i) => `entry[0].changes[0].value.calls[${i}]`));
  });

  it.each([
    ['call-created', 'event call_created is not worked off'],
    ['payment-error', 'no call, but errors 131044'],
  ])('of another kind is ignored with a reason: %s', (name, reason) => {
    expect(parse(webhookBytes(name)).events).toEqual([]);
    expect(reasons(webhookBytes(name))).toEqual([reason]);
  });

  it('never puts what a sender wrote into a reason, unless it looks like a name of Meta', () => {
    const call = { ...TERMINATE, event: '15550002222 said hello' };
    expect(reasons(callsWebhook({ calls: [call] }))).toEqual(['event without a known name is not worked off']);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('{"entry":')],
    ['null', null],
    ['a list', []],
  ])('of %s is ignored', (_, body) => {
    expect(parse(body)).toEqual({
      events: [],
      permissions: [],
      accounts: [],
      artifacts: [],
      messages: [],
      numbers: new Set(),
      displays: new Map(),
      ignored: [{ where: 'body', reason: 'no changes' }],
    });
  });

  it('without a phone number id cannot be assigned to anybody', () => {
    const body = callsWebhook({ calls: [TERMINATE], metadata: {} });
    expect(reasons(body)).toEqual(['no phone number id']);
  });

  it('cannot lend fields to a call through its prototype', () => {
    const text = JSON.stringify(callsWebhook({ calls: [{ event: 'terminate' }] })).replace(
      '{"event"',
      '{"__proto__":{"id":"wacid.evil"},"constructor":{"prototype":{"id":"wacid.evil"}},"event"',
    );
    expect(reasons(Buffer.from(text))).toEqual(['no call id']);
    expect(Object.prototype).not.toHaveProperty('id');
  });
});
