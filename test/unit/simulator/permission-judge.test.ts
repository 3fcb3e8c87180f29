import { describe, expect, it } from 'vitest';
import { type LimitsInput, type Pair, PermissionJudge } from '../../../src/simulator/index.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ANA: Pair = { phoneNumberId: '111', user: 'ana' };
const BEN: Pair = { phoneNumberId: '111', user: 'ben' };

/** A judge on a virtual clock, and the moves that tests make with it. */
class Court {
  readonly clock = new VirtualClock();
  readonly judge: PermissionJudge;
  #calls = 0;

  constructor(limits: LimitsInput = 'production', isReachable = (_user: string) => true) {
    this.judge = new PermissionJudge({ now: () => this.clock.now(), limits, isReachable });
  }

  /** Places a call. Its id, or the code of the refusal. */
  dial(pair: Pair = ANA): string | number {
    this.#calls += 1;
    const callId = `wacid.${this.#calls}`;
    return this.judge.placeCall(pair, callId)?.code ?? callId;
  }

  /** A whole call that the user takes, or not. */
  call(pair: Pair, taken: boolean): string | number {
    const callId = this.dial(pair);
    if (typeof callId === 'number') return callId;
    if (taken) this.judge.pickedUp(callId);
    this.judge.ended(callId);
    return callId;
  }

  /** Sends a request by template. Its id, or the code of the refusal. */
  ask(pair: Pair = ANA, kind: 'free_form' | 'template' = 'template'): string | number {
    this.#calls += 1;
    const id = `wamid.${this.#calls}`;
    return this.judge.takeRequest(pair, kind, id)?.code ?? id;
  }
}

describe('the judge on permission', () => {
  it('refuses a call without permission with 138006', () => {
    const court = new Court();
    expect(court.dial()).toBe(138006);
    court.judge.grant(ANA, 'temporary');
    expect(court.dial(BEN)).toBe(138006);
    expect(court.dial()).toMatch(/^wacid/);
  });

  it('keeps a temporary one for seven days to the second', async () => {
    const court = new Court();
    const { permission } = court.judge.grant(ANA, 'temporary');
    expect(permission.expiresAt).toBe(court.clock.now() + 7 * DAY);
    await court.clock.advance(7 * DAY - SECOND);
    expect(court.judge.checkCall(ANA)).toBeNull();
    await court.clock.advance(SECOND);
    expect(court.judge.checkCall(ANA)?.code).toBe(138006);
  });

  it('keeps a permanent one until the user takes it back', async () => {
    const court = new Court();
    court.judge.grant(ANA, 'permanent');
    await court.clock.advance(400 * DAY);
    expect(court.judge.checkCall(ANA)).toBeNull();
    court.judge.revoke(ANA);
    expect(court.judge.checkCall(ANA)?.code).toBe(138006);
  });

  it.each([
    ['accept', 'temporary'],
    ['accept_always', 'permanent'],
    ['reject', 'no_permission'],
  ] as const)('has %s make it %s', (answer, status) => {
    const court = new Court();
    court.judge.grant(ANA, 'temporary');
    const request = court.ask();
    expect(court.judge.answer(ANA, String(request), answer)).toMatchObject({
      response: answer === 'reject' ? 'reject' : 'accept',
      automatic: false,
      contextId: request,
      permission: { status },
    });
    expect(court.judge.permission(ANA).status).toBe(status);
  });

  it('belongs to one number', () => {
    const court = new Court();
    court.judge.grant(ANA, 'permanent');
    expect(court.dial({ ...ANA, phoneNumberId: '222' })).toBe(138006);
  });
});

describe('the judge on requests', () => {
  it('allows one in 24 hours, and says when the next is allowed', async () => {
    const court = new Court();
    expect(court.ask()).toMatch(/^wamid/);
    await court.clock.advance(DAY - SECOND);
    expect(court.judge.checkRequest(ANA, 'template')).toMatchObject({
      code: 138009,
      limit: true,
      until: court.clock.now() + SECOND,
    });
    await court.clock.advance(SECOND);
    expect(court.ask()).toMatch(/^wamid/);
  });

  it('allows two in seven days', async () => {
    const court = new Court();
    const first = court.clock.now();
    court.ask();
    await court.clock.advance(DAY);
    court.ask();
    await court.clock.advance(DAY);
    expect(court.judge.checkRequest(ANA, 'template')).toMatchObject({ code: 138009, until: first + 7 * DAY });
    await court.clock.advance(5 * DAY);
    expect(court.ask()).toMatch(/^wamid/);
  });

  it.each(['outbound', 'inbound'] as const)('counts anew after a connected %s call', (direction) => {
    const court = new Court();
    court.ask();
    if (direction === 'outbound') {
      court.judge.grant(ANA, 'temporary');
      court.call(ANA, true);
    } else {
      court.judge.userCalls(ANA, 'wacid.in');
      court.judge.pickedUp('wacid.in');
      court.judge.ended('wacid.in');
    }
    expect(court.ask()).toMatch(/^wamid/);
  });

  it('does not count anew after a call that nobody took', () => {
    const court = new Court();
    court.ask();
    court.judge.userCalls(ANA, 'wacid.in');
    court.judge.ended('wacid.in');
    expect(court.ask()).toBe(138009);
  });

  it('has no use for one where permission is permanent', () => {
    const court = new Court();
    court.judge.grant(ANA, 'permanent');
    expect(court.ask()).toBe(138017);
  });

  it('takes a free-form one only in the 24 hours after a message', async () => {
    const court = new Court({ requestsPerDay: 100, requestsPerWeek: 100 });
    expect(court.ask(ANA, 'free_form')).toBe(131047);
    court.judge.message(ANA);
    await court.clock.advance(DAY - SECOND);
    expect(court.ask(ANA, 'free_form')).toMatch(/^wamid/);
    await court.clock.advance(SECOND);
    expect(court.ask(ANA, 'free_form')).toBe(131047);
    expect(court.ask(ANA, 'template')).toMatch(/^wamid/);
  });

  it('opens the window by a call that the user makes, and by one that the user takes, but not by one unanswered', async () => {
    const court = new Court({ requestsPerDay: 100, requestsPerWeek: 100 });
    court.judge.userCalls(ANA, 'wacid.in');
    expect(court.ask(ANA, 'free_form')).toMatch(/^wamid/);
    court.judge.grant(BEN, 'temporary');
    await court.clock.advance(DAY);
    court.call(BEN, false);
    expect(court.ask(BEN, 'free_form')).toBe(131047);
    court.call(BEN, true);
    expect(court.ask(BEN, 'free_form')).toMatch(/^wamid/);
  });

  it('opens the window by what the user taps about permission', () => {
    const court = new Court();
    court.judge.answer(ANA, String(court.ask()), 'reject');
    court.judge.grant(BEN, 'temporary');
    for (const pair of [ANA, BEN]) expect(court.judge.windowUntil(pair)).toBe(court.clock.now() + DAY);
  });

  it('lets the user answer for seven days, and otherwise for seven more', async () => {
    const court = new Court();
    const request = String(court.ask());
    await court.clock.advance(7 * DAY - SECOND);
    expect(court.judge.answer(ANA, request, 'accept')).not.toBeNull();
    await court.clock.advance(7 * DAY - SECOND);
    expect(court.judge.answer(ANA, request, 'reject')).not.toBeNull();
    await court.clock.advance(7 * DAY);
    expect(court.judge.answer(ANA, request, 'accept')).toBeNull();
    expect(court.judge.permission(ANA).status).toBe('no_permission');
  });

  it('takes no answer to a request after a newer one was answered', () => {
    const court = new Court('sandbox');
    const older = String(court.ask());
    const newer = String(court.ask());
    court.judge.answer(ANA, newer, 'reject');
    expect(court.judge.answer(ANA, older, 'accept')).toBeNull();
  });
});

describe('the judge on calls', () => {
  it('allows one at a time for a user, whoever made it', () => {
    const court = new Court();
    court.judge.grant(ANA, 'temporary');
    const callId = String(court.dial());
    expect(court.dial()).toBe(138003);
    expect(court.judge.userCalls(ANA, 'wacid.in').refused).toBe(138003);
    court.judge.ended(callId);
    court.judge.userCalls(ANA, 'wacid.in');
    expect(court.dial()).toBe(138003);
    court.judge.ended('wacid.in');
    expect(court.dial()).toMatch(/^wacid/);
  });

  it('counts connected calls in a rolling 24 hours, and only those', async () => {
    const court = new Court({ connectedPerDay: 2, unansweredRevoke: 1_000 });
    court.judge.grant(ANA, 'permanent');
    for (let n = 0; n < 5; n += 1) court.call(ANA, false);
    const first = court.clock.now();
    court.call(ANA, true);
    await court.clock.advance(HOUR);
    court.call(ANA, true);
    expect(court.judge.checkCall(ANA)).toMatchObject({ code: 138012, limit: true, until: first + DAY });
    await court.clock.advance(23 * HOUR - SECOND);
    expect(court.dial()).toBe(138012);
    await court.clock.advance(SECOND);
    expect(court.call(ANA, true)).toMatch(/^wacid/);
    expect(court.dial()).toBe(138012);
  });

  it('keeps the permission of a user whose calls are used up', () => {
    const court = new Court({ connectedPerDay: 1 });
    court.judge.grant(ANA, 'temporary');
    court.call(ANA, true);
    expect(court.dial()).toBe(138012);
    expect(court.judge.permission(ANA).status).toBe('temporary');
  });

  it('does not count calls that the user made', () => {
    const court = new Court({ connectedPerDay: 1 });
    court.judge.grant(ANA, 'temporary');
    court.judge.userCalls(ANA, 'wacid.in');
    court.judge.pickedUp('wacid.in');
    court.judge.ended('wacid.in');
    expect(court.dial()).toMatch(/^wacid/);
  });

  it('has room for so many calls of a number at a time, both directions together', () => {
    const court = new Court({ concurrentCalls: 2 });
    for (const pair of [ANA, BEN]) court.judge.grant(pair, 'permanent');
    court.judge.userCalls({ ...ANA, user: 'eva' }, 'wacid.in');
    const callId = String(court.dial(ANA));
    expect(court.dial(BEN)).toBe(138002);
    expect(court.judge.userCalls(BEN, 'wacid.in2').refused).toBe(138002);
    court.judge.ended(callId);
    expect(court.dial(BEN)).toMatch(/^wacid/);
  });

  it('counts new calls of a number in a rolling 24 hours, taken or not', async () => {
    const court = new Court({ dialsPerDay: 2 });
    for (const pair of [ANA, BEN]) court.judge.grant(pair, 'permanent');
    court.call(ANA, false);
    court.call(BEN, true);
    expect(court.judge.checkCall(ANA)).toMatchObject({ code: 138005, until: court.clock.now() + DAY });
    await court.clock.advance(DAY);
    expect(court.dial(ANA)).toMatch(/^wacid/);
  });

  it('cannot reach who is not on WhatsApp, and does not tell so in the report', () => {
    const court = new Court('production', (user) => user !== 'ana');
    court.judge.grant(ANA, 'permanent');
    expect(court.dial()).toBe(138001);
    expect(court.judge.readReport(ANA)).toMatchObject({ permission: { status: 'no_permission' } });
  });

  it('has a call picked up once and ended once', () => {
    const court = new Court({ connectedPerDay: 2 });
    court.judge.grant(ANA, 'temporary');
    const callId = String(court.dial());
    court.judge.pickedUp(callId);
    court.judge.pickedUp(callId);
    court.judge.ended(callId);
    expect(court.judge.ended(callId)).toBeNull();
    expect(court.dial()).toMatch(/^wacid/);
  });
});

describe('the judge on calls that nobody takes', () => {
  it.each([
    ['production', 2, 4],
    ['sandbox', 5, 10],
  ] as const)(
    'in %s asks the user after %i in a row and takes the permission back after %i',
    (profile, notice, revoke) => {
      const court = new Court(profile);
      court.judge.grant(ANA, 'permanent');
      const after: (string | undefined)[] = [];
      for (let n = 1; n <= revoke; n += 1) after.push(court.judge.ended(String(court.dial()))?.type);
      expect(after.flatMap((type, index) => (type === undefined ? [] : [[type, index + 1]]))).toEqual([
        ['notice', notice],
        ['revoked', revoke],
      ]);
      expect(court.dial()).toBe(138006);
    },
  );

  it('says by webhook that it took the permission back, by itself and without context', () => {
    const court = new Court({ unansweredRevoke: 1 });
    court.judge.grant(ANA, 'temporary');
    expect(court.judge.ended(String(court.dial()))).toMatchObject({
      type: 'revoked',
      reply: { response: 'reject', automatic: true, contextId: null, user: 'ana' },
    });
  });

  it.each(['outbound', 'inbound'] as const)('begins to count anew after a connected %s call', (direction) => {
    const court = new Court();
    court.judge.grant(ANA, 'permanent');
    for (let n = 0; n < 3; n += 1) court.call(ANA, false);
    expect(court.judge.unanswered(ANA)).toBe(3);
    if (direction === 'outbound') {
      court.call(ANA, true);
    } else {
      court.judge.userCalls(ANA, 'wacid.in');
      court.judge.pickedUp('wacid.in');
      court.judge.ended('wacid.in');
    }
    for (let n = 0; n < 3; n += 1) expect(court.call(ANA, false)).toMatch(/^wacid/);
    expect(court.judge.permission(ANA).status).toBe('permanent');
  });

  it('goes on counting over a call of the user that nobody took', () => {
    const court = new Court();
    court.judge.grant(ANA, 'permanent');
    court.call(ANA, false);
    court.judge.userCalls(ANA, 'wacid.in');
    court.judge.ended('wacid.in');
    expect(court.judge.unanswered(ANA)).toBe(1);
  });

  it('has nothing to take back where the permission ran out while it rang', async () => {
    const court = new Court({ unansweredRevoke: 1 });
    court.judge.grant(ANA, 'temporary');
    const callId = String(court.dial());
    await court.clock.advance(7 * DAY);
    expect(court.judge.ended(callId)).toBeNull();
  });
});

describe('the judge on numbers', () => {
  it('lets users who call be called back where that is set, by a temporary permission that names their call', () => {
    const court = new Court();
    expect(court.judge.userCalls(ANA, 'wacid.1')).toEqual({ refused: null, reply: null });
    court.judge.configure('111', { callback: true });
    expect(court.judge.userCalls(BEN, 'wacid.2').reply).toMatchObject({
      response: 'accept',
      automatic: true,
      contextId: 'wacid.2',
      permission: { status: 'temporary', expiresAt: court.clock.now() + 7 * DAY },
    });
  });

  it('does not make a permanent permission temporary by a call of the user', () => {
    const court = new Court();
    court.judge.configure('111', { callback: true });
    court.judge.grant(ANA, 'permanent');
    expect(court.judge.userCalls(ANA, 'wacid.1').reply).toBeNull();
    expect(court.judge.permission(ANA).status).toBe('permanent');
  });

  it.each([
    ['calling is off', { calling: false }, 138000],
    ['the country may not call', { country: 'US' }, 138013],
    ['calls are paused', { restrictedUntil: Number.MAX_SAFE_INTEGER }, 138014],
  ] as const)('refuses calls and requests where %s', (_what, settings, code) => {
    const court = new Court();
    court.judge.grant(ANA, 'permanent');
    court.judge.configure('111', settings);
    expect([court.dial(), court.ask(BEN)]).toEqual([code, code]);
  });

  it('goes on when the pause is over', async () => {
    const court = new Court();
    court.judge.grant(ANA, 'permanent');
    court.judge.configure('111', { restrictedUntil: court.clock.now() + HOUR });
    await court.clock.advance(HOUR);
    expect(court.dial()).toMatch(/^wacid/);
  });
});

describe('the judge’s clock', () => {
  it('goes by whole seconds, as the webhooks do', async () => {
    const court = new Court({ connectedPerDay: 1 });
    const whole = court.clock.now();
    await court.clock.advance(900);
    expect(court.judge.grant(ANA, 'temporary').permission.expiresAt).toBe(whole + 7 * DAY);
    court.call(ANA, true);
    expect(court.judge.checkCall(ANA)).toMatchObject({ code: 138012, until: whole + DAY });
    await court.clock.advance(DAY - 900);
    expect(court.dial()).toMatch(/^wacid/);
  });
});

describe('the report on call permissions', () => {
  it('has the shape of Meta, with an expiry only where there is one', () => {
    const court = new Court();
    court.judge.grant(ANA, 'temporary');
    const seconds = court.clock.now() / 1000;
    court.ask();
    expect(court.judge.readReport(ANA)).toEqual({
      messaging_product: 'whatsapp',
      permission: { status: 'temporary', expiration_time: seconds + 7 * 86_400 },
      actions: [
        {
          action_name: 'send_call_permission_request',
          can_perform_action: false,
          limits: [
            { time_period: 'PT24H', max_allowed: 1, current_usage: 1, limit_expiration_time: seconds + 86_400 },
            { time_period: 'P7D', max_allowed: 2, current_usage: 1 },
          ],
        },
        {
          action_name: 'start_call',
          can_perform_action: true,
          limits: [{ time_period: 'PT24H', max_allowed: 100, current_usage: 0 }],
        },
      ],
    });
    court.judge.grant(BEN, 'permanent');
    expect(court.judge.readReport(BEN)).toMatchObject({ permission: { status: 'permanent' } });
    expect(court.judge.readReport(BEN)).not.toHaveProperty('permission.expiration_time');
  });

  it('counts connected calls, and says when the limit is free again', () => {
    const court = new Court({ connectedPerDay: 1 });
    court.judge.grant(ANA, 'temporary');
    court.call(ANA, false);
    court.call(ANA, true);
    expect(court.judge.readReport(ANA)).toHaveProperty('actions.1', {
      action_name: 'start_call',
      can_perform_action: false,
      limits: [
        {
          time_period: 'PT24H',
          max_allowed: 1,
          current_usage: 1,
          limit_expiration_time: court.clock.now() / 1000 + 86_400,
        },
      ],
    });
  });

  it('is read at most five times a second for one number', async () => {
    const court = new Court();
    for (let n = 0; n < 5; n += 1) expect(court.judge.readReport(ANA)).not.toHaveProperty('code');
    expect(court.judge.readReport(BEN)).toMatchObject({ code: 613, limit: true });
    expect(court.judge.readReport({ ...ANA, phoneNumberId: '222' })).not.toHaveProperty('code');
    await court.clock.advance(SECOND);
    expect(court.judge.readReport(ANA)).not.toHaveProperty('code');
  });

  it('is not to be had where calling is off', () => {
    const court = new Court();
    court.judge.configure('111', { calling: false });
    expect(court.judge.readReport(ANA)).toMatchObject({ code: 138000 });
  });
});

describe('the judge’s list of refusals', () => {
  it('has what was asked in earnest, and whether a limit was the reason', () => {
    const court = new Court({ connectedPerDay: 1 });
    court.judge.checkCall(ANA);
    court.dial();
    court.judge.grant(ANA, 'temporary');
    court.call(ANA, true);
    court.dial();
    court.ask();
    court.ask();
    expect(court.judge.refusals).toMatchObject([
      { asked: 'call', code: 138006, limit: false, user: 'ana', phoneNumberId: '111' },
      { asked: 'call', code: 138012, limit: true },
      { asked: 'request', code: 138009, limit: true },
    ]);
  });
});
