import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/permissions/decide.ts';
import type { DecisionInput } from '../../../src/permissions/ports.ts';
import {
  action,
  DAY,
  decisionInput,
  denialOf,
  grant,
  HOUR,
  minutesBefore,
  NOW,
  report,
  SECOND,
} from './permission-state.ts';

/** Denied until a moment, and at that moment not any more, all else equal. */
function expectUntil(input: DecisionInput, until: number, reason: string): void {
  expect(denialOf(decide(input))).toMatchObject({ reason, until });
  expect(denialOf(decide({ ...input, now: until - 1 }))).toMatchObject({ reason, until });
  const then = decide({ ...input, now: until });
  expect(then.type === 'deny' ? then.reason : then.type).not.toBe(reason);
}

describe('a call', () => {
  it('is allowed when the user permits it and nothing is used up', () => {
    expect(decide(decisionInput())).toEqual({ type: 'allow', warnings: [] });
  });

  it('is refused with what the next rule says once the first does not refuse any more', () => {
    const input = decisionInput({
      number: {
        callingOff: { at: NOW },
        paused: { code: 138014, until: NOW + HOUR },
        displayPhoneNumber: '14085550000',
        liveCalls: 1_000,
      },
      pair: { grant: null, liveCall: 'a', unanswered: 4 },
    });
    expect(denialOf(decide(input))).toMatchObject({ code: 138000, reason: 'calling_disabled', until: null });
    const on = { ...input, number: { ...input.number, callingOff: null } };
    expect(denialOf(decide(on))).toMatchObject({ code: 138014, reason: 'number_paused', until: NOW + HOUR });
    const later = { ...on, now: NOW + HOUR };
    expect(denialOf(decide(later))).toMatchObject({ code: 138013, reason: 'country_not_supported', until: null });
    const german = { ...later, number: { ...later.number, displayPhoneNumber: '4930123456' } };
    expect(denialOf(decide(german))).toMatchObject({ code: 138002, reason: 'too_many_calls', until: null });
    const idle = { ...german, number: { ...german.number, liveCalls: 999 } };
    expect(denialOf(decide(idle))).toMatchObject({ code: 138003, reason: 'call_ongoing', until: null });
    const free = { ...idle, pair: { ...idle.pair, liveCall: null } };
    expect(denialOf(decide(free))).toMatchObject({ code: 138006, reason: 'no_permission', until: null });
    const permitted = { ...free, pair: { ...free.pair, grant: grant() } };
    expect(denialOf(decide(permitted))).toMatchObject({ code: 138012, reason: 'unanswered_guard', until: null });
  });

  it('names no number and says that it was refused here', () => {
    const { why } = denialOf(decide(decisionInput({ pair: { grant: null } })));
    expect(why).toBe('Refused by talkwire: this user has not allowed calls of this number.');
  });

  it.each([
    ['the user declined', grant({ status: 'none', source: 'declined' }), 'declined'],
    ['WhatsApp took it back', grant({ status: 'none', source: 'auto_revoked' }), 'taken back'],
    ['it has expired', grant({ status: 'temporary', expiresAt: NOW }), 'expired'],
  ])('says why there is no permission: %s', (_, current, word) => {
    expect(denialOf(decide(decisionInput({ pair: { grant: current } }))).why).toContain(word);
  });

  it('ends with the temporary permission, to the millisecond', () => {
    const pair = { grant: grant({ status: 'temporary', expiresAt: NOW + HOUR }) };
    expect(decide(decisionInput({ pair, now: NOW + HOUR - 1 })).type).toBe('allow');
    expect(decide(decisionInput({ pair, now: NOW + HOUR })).type).toBe('deny');
  });

  it('is allowed for seven days by a permission that came without its end', () => {
    const pair = { grant: grant({ status: 'temporary', at: NOW }) };
    expect(decide(decisionInput({ pair, now: NOW + 7 * DAY - 1 })).type).toBe('allow');
    expect(decide(decisionInput({ pair, now: NOW + 7 * DAY })).type).toBe('deny');
  });

  it('is not refused for the country of a number that belongs to none, or is not known', () => {
    expect(decide(decisionInput({ number: { displayPhoneNumber: '15550001111' } })).type).toBe('allow');
    expect(decide(decisionInput({ number: { displayPhoneNumber: null } })).type).toBe('allow');
  });

  it('is refused when the number has started 10,000 in a day, until the oldest is a day old', () => {
    const oldest = NOW - 20 * HOUR;
    expectUntil(decisionInput({ number: { dials24h: 10_000, oldestDialAt: oldest } }), oldest + DAY, 'dial_rate');
    expect(decide(decisionInput({ number: { dials24h: 9_999, oldestDialAt: oldest } })).type).toBe('allow');
  });

  it('is refused for a full pause of unknown length, without a time', () => {
    const number = { paused: { code: 138013, until: null } };
    expect(denialOf(decide(decisionInput({ number })))).toMatchObject({ code: 138013, until: null });
  });

  it('is refused after 100 calls that the user took in a day, until the first is a day old', () => {
    const connectedAt = minutesBefore(NOW, 100);
    expectUntil(decisionInput({ pair: { connectedAt } }), connectedAt[0]! + DAY, 'connected_call_limit');
    expect(decide(decisionInput({ pair: { connectedAt: connectedAt.slice(1) } })).type).toBe('allow');
  });

  it('does not count calls that are a day old', () => {
    const connectedAt = [...minutesBefore(NOW - DAY, 60), ...minutesBefore(NOW, 99)];
    expect(decide(decisionInput({ pair: { connectedAt } })).type).toBe('allow');
  });

  it('is refused for as long as Graph said when it refused one', () => {
    const pair = { refused: { code: 138012, until: NOW + HOUR } };
    expectUntil(decisionInput({ pair }), NOW + HOUR, 'connected_call_limit');
  });

  it('is not refused for what Graph said of requests', () => {
    const pair = { refused: { code: 138009, until: NOW + HOUR } };
    expect(decide(decisionInput({ pair })).type).toBe('allow');
  });

  it.each([
    [1, 'allow', 0],
    [2, 'allow', 1],
    [3, 'deny', 0],
  ])('after %i unanswered calls: %s, %i warnings', (unanswered, type, warnings) => {
    const decision = decide(decisionInput({ pair: { unanswered } }));
    expect(decision.type).toBe(type);
    expect(decision.type === 'allow' ? decision.warnings.length : 0).toBe(warnings);
  });

  it('goes on with a warning where the number is set not to stop', () => {
    const decision = decide(decisionInput({ pair: { unanswered: 3 }, rules: { stopAfterUnanswered: null } }));
    expect(decision).toEqual({
      type: 'allow',
      warnings: [expect.stringContaining('takes the permission back after 4')],
    });
  });

  it('names the sandbox limit to numbers of a sandbox', () => {
    const { why } = denialOf(decide(decisionInput({ pair: { unanswered: 3 }, rules: { profile: 'sandbox' } })));
    expect(why).toContain('after 10');
  });
});

describe("Graph's report", () => {
  it('takes away what an older webhook gave', () => {
    const pair = { grant: grant({ at: NOW - DAY }), live: report({ status: 'none' }) };
    expect(denialOf(decide(decisionInput({ pair })))).toMatchObject({ reason: 'no_permission', until: null });
  });

  it('gives what no webhook told', () => {
    const pair = { grant: null, live: report({ status: 'temporary', expiresAt: NOW + 1 }) };
    expect(decide(decisionInput({ pair })).type).toBe('allow');
  });

  it('says nothing against a webhook of the same second or a later one', () => {
    const live = report({ status: 'none', startCall: { allowed: false, limits: [] }, at: NOW - 400 });
    const sameSecond = { grant: grant({ at: NOW - SECOND }), live };
    expect(decide(decisionInput({ pair: sameSecond })).type).toBe('allow');
    const secondBefore = { grant: grant({ at: NOW - 2 * SECOND }), live };
    expect(decide(decisionInput({ pair: secondBefore })).type).toBe('deny');
  });

  it('counts calls of others, and those of ours that came after it', () => {
    const live = report({ startCall: action(true, DAY, 97, 100) });
    const before = NOW - HOUR;
    const pair = (...times: number[]) => ({ live, connectedAt: times });
    expect(decide(decisionInput({ pair: pair(before) })).type).toBe('allow');
    expect(decide(decisionInput({ pair: pair(before, NOW - 3, NOW - 2) })).type).toBe('allow');
    expect(decide(decisionInput({ pair: pair(before, NOW - 3, NOW - 2, NOW - 1) })).type).toBe('deny');
  });

  it('does not count twice what it counted and has left the day since', () => {
    const at = NOW - 20 * HOUR;
    const old = minutesBefore(at - 3 * HOUR, 60);
    const since = minutesBefore(NOW, 45);
    const live = report({ at, startCall: action(true, DAY, 60, 100) });
    const input = decisionInput({ pair: { live, connectedAt: [...old, ...since] }, now: NOW + 2 * HOUR });
    expect(decide(input).type).toBe('allow');
  });

  it('knows the maximum better than we do', () => {
    const five = minutesBefore(NOW - HOUR, 5);
    const fewer = report({ startCall: action(false, DAY, 5, 5, five[0]! + DAY) });
    expectUntil(decisionInput({ pair: { connectedAt: five, live: fewer } }), five[0]! + DAY, 'connected_call_limit');
    const hundred = minutesBefore(NOW - HOUR, 100);
    const more = report({ startCall: action(true, DAY, 100, 200) });
    expect(decide(decisionInput({ pair: { connectedAt: hundred, live: more } })).type).toBe('allow');
  });

  it('refuses until the time that it names', () => {
    const live = report({ startCall: action(false, DAY, 100, 100, NOW + HOUR) });
    expectUntil(decisionInput({ pair: { live } }), NOW + HOUR, 'connected_call_limit');
  });

  it('refuses for a day if its limit is used up without a time', () => {
    const live = report({ startCall: action(false, DAY, 100, 100) });
    expectUntil(decisionInput({ pair: { live } }), live.at + DAY, 'connected_call_limit');
  });

  it('is believed for an hour when it says no without a reason', () => {
    const live = report({ startCall: action(false, DAY, 1, 100) });
    expectUntil(decisionInput({ pair: { live } }), live.at + HOUR, 'no_permission');
    expect(decide(decisionInput({ pair: { live }, wish: 'call_or_ask' })).type).toBe('deny');
  });

  it('allows what it allows, whatever its figures', () => {
    const live = report({ startCall: action(true, DAY, 100, 100) });
    expect(decide(decisionInput({ pair: { live } })).type).toBe('allow');
  });

  it('is forgotten when its period is over', () => {
    const live = report({ at: NOW - DAY, startCall: action(true, DAY, 4, 5) });
    expect(decide(decisionInput({ pair: { live, connectedAt: minutesBefore(NOW, 50) } })).type).toBe('allow');
  });

  it('may have limits that we do not know', () => {
    const live = report({ startCall: action(false, HOUR, 3, 3, NOW + 60 * SECOND) });
    expectUntil(decisionInput({ pair: { live } }), NOW + 60 * SECOND, 'connected_call_limit');
  });
});

describe('a call that may ask', () => {
  const open = { windowUntil: NOW + 1 };

  it('asks if there is no permission, and calls if there is', () => {
    expect(decide(decisionInput({ wish: 'call_or_ask', pair: { grant: null, ...open } }))).toEqual({
      type: 'ask',
      by: 'free_form',
    });
    expect(decide(decisionInput({ wish: 'call_or_ask', pair: open })).type).toBe('allow');
  });

  it.each([
    ['no line is free', { number: { liveCalls: 1_000 } }, 'too_many_calls'],
    ['the user is on the phone', { pair: { grant: null, ...open, liveCall: 'a' } }, 'call_ongoing'],
    ['the guard would stop the call', { pair: { grant: null, ...open, unanswered: 3 } }, 'unanswered_guard'],
    [
      'Graph would refuse the call',
      { pair: { grant: null, ...open, refused: { code: 138012, until: NOW + 1 } } },
      'connected_call_limit',
    ],
  ])('does not ask if %s', (_, differences, reason) => {
    expect(denialOf(decide(decisionInput({ wish: 'call_or_ask', ...differences })))).toMatchObject({ reason });
  });
});
