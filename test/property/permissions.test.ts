import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/permissions/decide.ts';
import { formatDuration, parseDuration } from '../../src/permissions/duration.ts';
import { readReport, toMetaPermissions } from '../../src/permissions/ledger.ts';
import type { DecisionInput, PairState, ReportedAction, Wish } from '../../src/permissions/ports.ts';
import { quietUntil } from '../../src/permissions/quiet-hours.ts';
import { canonicalWaId } from '../../src/permissions/user-key.ts';
import { OtherSide, type OtherSideLimits } from '../unit/permissions/other-side.ts';
import { DAY, HOUR, NOW, rulesOf, SECOND } from '../unit/permissions/permission-state.ts';

/* ---- Any state ---- */

const wish = fc.constantFrom<Wish>('call', 'ask', 'call_or_ask');
const past = fc.integer({ min: NOW - 15 * DAY, max: NOW });
/** Far enough from now that no permission ends while another rule refuses. */
const future = fc.integer({ min: NOW + 60 * DAY, max: NOW + 90 * DAY });
const soon = fc.integer({ min: NOW - DAY, max: NOW + 3 * DAY });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const times = fc.array(past, { maxLength: 6 }).map((list) => list.toSorted((one, other) => one - other));
const manyTimes = fc
  .tuple(fc.constantFrom(0, 99, 100, 130), fc.integer({ min: NOW - 2 * DAY, max: NOW - HOUR }))
  .map(([count, from]) => Array.from({ length: count }, (_, index) => from + index * SECOND));

const limit = fc.record({
  periodMs: fc.constantFrom(HOUR, DAY, 7 * DAY),
  maxAllowed: fc.nat(6),
  currentUsage: fc.nat(8),
  expiresAt: maybe(soon),
});
const reportedAction: fc.Arbitrary<ReportedAction | null> = maybe(
  fc.record({
    allowed: fc.boolean(),
    limits: fc.uniqueArray(limit, { maxLength: 3, selector: ({ periodMs }) => periodMs }),
  }),
);
const status = fc.constantFrom('none', 'temporary', 'permanent');

const pair: fc.Arbitrary<PairState> = fc.record({
  grant: maybe(
    fc.record({
      status,
      expiresAt: future,
      source: fc.constantFrom('request', 'callback', 'profile', 'declined', 'auto_revoked', 'graph'),
      at: past,
    }),
  ),
  live: maybe(
    fc.record({ at: past, status, expiresAt: future, startCall: reportedAction, sendRequest: reportedAction }),
  ),
  refused: maybe(fc.record({ code: fc.constantFrom(138012, 138009, 138005), until: soon })),
  windowUntil: maybe(soon),
  connectedAt: fc.oneof(times, manyTimes),
  lastConnectedAt: maybe(past),
  unanswered: fc.nat(5),
  liveCall: fc.constantFrom(null, null, null, 'a'),
  requestedAt: times,
  pendingRequest: maybe(fc.record({ id: fc.constant('r'), at: past })),
});

const input: fc.Arbitrary<DecisionInput> = fc.record({
  now: fc.constant(NOW),
  wish,
  ownTemplate: fc.boolean(),
  rules: fc
    .record({
      profile: fc.constantFrom('production' as const, 'sandbox' as const),
      stopAfterUnanswered: fc.constantFrom(null, 3, 5),
      messagingTier: fc.constantFrom(null, 2),
      permissionDeadlineMs: fc.constantFrom(HOUR, 3 * DAY, 30 * DAY),
    })
    .map(rulesOf),
  number: fc.record({
    displayPhoneNumber: fc.constantFrom('4930123456', '15550001111', null, '14085550000'),
    liveCalls: fc.constantFrom(0, 999, 1_000),
    dials24h: fc.constantFrom(0, 9_999, 10_000),
    oldestDialAt: fc.integer({ min: NOW - DAY + 1, max: NOW }),
    templateUsers24h: fc.nat(3),
    callingOff: fc.constantFrom(null, null, null, { at: NOW }),
    paused: maybe(fc.record({ code: fc.constantFrom(138013, 138014), until: maybe(soon) })),
  }),
  pair,
});

describe('a decision', () => {
  it('comes to an end for any state, always the same, and changes nothing', () => {
    fc.assert(
      fc.property(input, (state) => {
        const before = structuredClone(state);
        const decision = decide(state);
        expect(state).toEqual(before);
        expect(decide(before)).toEqual(decision);
        if (decision.type !== 'deny') return;
        expect(decision.until ?? Number.POSITIVE_INFINITY).toBeGreaterThan(NOW);
        expect(decision.why).toMatch(/^Refused by talkwire: [a-zA-Z0-9 ,.'-]+\.$/);
        expect(decision.why).not.toMatch(/\d{6}/);
      }),
      { numRuns: 3_000 },
    );
  });

  it('denies until its time and not a millisecond longer', () => {
    fc.assert(
      fc.property(input, (state) => {
        const denial = decide(state);
        fc.pre(denial.type === 'deny' && denial.until !== null);
        if (denial.type !== 'deny' || denial.until === null) return;
        expect(decide({ ...state, now: denial.until - 1 }).type).toBe('deny');
        const then = decide({ ...state, now: denial.until });
        expect(then.type === 'deny' ? then.why : '').not.toBe(denial.why);
      }),
      { numRuns: 3_000 },
    );
  });
});

/* ---- Histories, held against what counts by brute force ---- */

type Step =
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'grant'; readonly how: 'temporary' | 'permanent' | 'none' }
  | { readonly type: 'write' | 'user_calls' | 'read' | 'elsewhere_called' | 'elsewhere_asked' | 'silent_revoke' }
  | { readonly type: 'dial'; readonly wish: Wish; readonly pickedUp: boolean };

const OURS: readonly fc.WeightedArbitrary<Step>[] = [
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('pass' as const),
      ms: fc.oneof(
        fc.integer({ min: 0, max: 2 * HOUR }),
        fc.integer({ min: 0, max: 30 * HOUR }),
        fc.integer({ min: 0, max: 8 * DAY }),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('grant' as const),
      how: fc.constantFrom('temporary' as const, 'temporary' as const, 'permanent' as const, 'none' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'write' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'user_calls' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'read' as const }) },
  { weight: 9, arbitrary: fc.record({ type: fc.constant('dial' as const), wish, pickedUp: fc.boolean() }) },
];
const ELSEWHERE: readonly fc.WeightedArbitrary<Step>[] = [
  ...OURS,
  { weight: 2, arbitrary: fc.constant({ type: 'elsewhere_called' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'elsewhere_asked' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'silent_revoke' as const }) },
];

function history(steps: readonly fc.WeightedArbitrary<Step>[]): fc.Arbitrary<Step[]> {
  return fc.array(fc.oneof(...steps), { minLength: 20, maxLength: 90, size: 'max' });
}

/** Plays a history. Before each dial, `decide` is asked, and what it says is held against the other side. */
function play(steps: readonly Step[], limits: OtherSideLimits, stopAfterUnanswered: number | null, readFirst: boolean) {
  const side = new OtherSide(limits);
  const rules = rulesOf({
    stopAfterUnanswered,
    permissionDeadlineMs: HOUR,
    profile: 'production',
    requestTemplate: { name: 'ask', language: 'en', components: [] },
  });
  let dials = 0;
  for (const step of steps) {
    // Whatever happens, happens in a second of its own: webhooks tell no more than seconds.
    side.pass(1_001);
    switch (step.type) {
      case 'pass':
        side.pass(step.ms);
        break;
      case 'grant':
        side.grants(step.how, true);
        break;
      case 'silent_revoke':
        side.grants('none', false);
        break;
      case 'write':
        side.writes();
        break;
      case 'user_calls':
        side.calls();
        break;
      case 'read':
        side.isRead();
        break;
      case 'elsewhere_called':
        if (side.allowsCall()) side.isCalled(true, false);
        break;
      case 'elsewhere_asked':
        if (side.allowsRequest()) side.isAsked(false);
        break;
      case 'dial':
        if (readFirst) side.isRead();
        dials += dial(side, step, rules) ? 1 : 0;
        break;
      default:
        step satisfies never;
    }
  }
  return dials;
}

function dial(side: OtherSide, step: Extract<Step, { type: 'dial' }>, rules: DecisionInput['rules']): boolean {
  const { now } = side;
  const decision = decide({
    now,
    wish: step.wish,
    rules,
    ownTemplate: false,
    number: side.number(),
    pair: side.pair(),
  });
  switch (decision.type) {
    case 'allow':
      expect(side.allowsCall(), 'WhatsApp would have refused the call').toBe(true);
      side.isCalled(step.pickedUp, true);
      return true;
    case 'ask':
      expect(side.allowsRequest(), 'WhatsApp would have refused the request').toBe(true);
      expect(decision.by, 'how it may be asked').toBe(side.windowIsOpen() ? 'free_form' : 'template');
      side.isAsked(true);
      return false;
    case 'deny': {
      // The guard and the request that waits are ours; everything else must be WhatsApp's.
      if (decision.reason === 'unanswered_guard' || decision.reason === 'request_pending') return false;
      const couldCall = step.wish !== 'ask' && side.allowsCall();
      const isAboutRequest = decision.reason === 'request_limit' || decision.reason === 'permission_exists';
      const couldAsk = isAboutRequest && side.allowsRequest();
      expect(couldCall || couldAsk, `WhatsApp would have allowed it: ${decision.reason}`).toBe(false);
      return false;
    }
    default:
      return decision satisfies never;
  }
}

const REAL: OtherSideLimits = { connectedPerDay: 100, requestsPerDay: 1, requestsPerWeek: 2, revokedAfter: 4 };

describe('in any history of one user', () => {
  it('everything that WhatsApp would refuse is refused, and nothing else, but for the guard', () => {
    let dials = 0;
    fc.assert(
      fc.property(history(OURS), fc.constantFrom(null, 3), (steps, stop) => {
        dials += play(steps, REAL, stop, false);
      }),
      { numRuns: 300 },
    );
    expect(dials).toBeGreaterThan(300);
  });

  it('so it is when a hundred calls were picked up in a day', () => {
    let dials = 0;
    const call = { type: 'dial', wish: 'call', pickedUp: true } as const;
    const often = fc.integer({ min: 90, max: 110 }).map((count) => Array.from({ length: count }, () => call));
    const gap = fc.integer({ min: 0, max: 14 * HOUR }).map((ms) => [{ type: 'pass', ms } as const]);
    const read = fc.constantFrom<Step[]>([], [{ type: 'read' }]);
    const bursts = fc.array(fc.tuple(often, gap, read, gap), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(bursts, (list) => {
        dials += play([{ type: 'grant', how: 'permanent' }, ...list.flat(2)], REAL, 3, false);
      }),
      { numRuns: 25 },
    );
    expect(dials).toBeGreaterThan(25 * 100);
  });

  it('so it is when others call with the number and its limits are other than ours, if Graph was asked before', () => {
    let dials = 0;
    const limits = fc.record({
      connectedPerDay: fc.integer({ min: 1, max: 6 }),
      requestsPerDay: fc.integer({ min: 1, max: 2 }),
      requestsPerWeek: fc.integer({ min: 1, max: 4 }),
      revokedAfter: fc.constant(4),
    });
    fc.assert(
      fc.property(history(ELSEWHERE), limits, (steps, changed) => {
        dials += play(steps, changed, null, true);
      }),
      { numRuns: 300 },
    );
    expect(dials).toBeGreaterThan(300);
  });
});

/* ---- What comes from outside ---- */

describe('the report of call_permissions', () => {
  it('is read from anything without a fault', () => {
    const member = fc.oneof(fc.jsonValue(), fc.constantFrom('temporary', 'start_call', true, 'PT24H', '5', 1e300, -1));
    const near = fc.record(
      {
        permission: fc.oneof(member, fc.record({ status: member, expiration_time: member, expiration: member })),
        actions: fc.oneof(
          member,
          fc.array(
            fc.oneof(
              member,
              fc.record({
                action_name: fc.constantFrom('start_call', 'send_call_permission_request', 'other'),
                can_perform_action: member,
                limits: fc.array(fc.record({ time_period: member, max_allowed: member, current_usage: member })),
              }),
            ),
          ),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(near, fc.anything({ withNullPrototype: true, withBigInt: true })), (body) => {
        const report = readReport(body, NOW);
        for (const { periodMs, maxAllowed, currentUsage } of report?.startCall?.limits ?? []) {
          for (const figure of [periodMs, maxAllowed, currentUsage]) expect(Number.isSafeInteger(figure)).toBe(true);
          expect(periodMs).toBeGreaterThan(0);
        }
        const end = report?.expiresAt ?? NOW;
        expect(new Date(end).getTime()).toBe(end);
      }),
      { numRuns: 1_000 },
    );
  });

  it('that is answered to clients is understood again', () => {
    fc.assert(
      fc.property(pair, (state) => {
        const told = toMetaPermissions(state, rulesOf(), NOW);
        const report = readReport(JSON.parse(JSON.stringify(told)), NOW);
        expect(report?.status === 'none' ? 'no_permission' : report?.status).toBe(told.permission.status);
        expect(report?.startCall?.limits).toHaveLength(told.actions[1]?.limits.length ?? -1);
        expect(report?.sendRequest?.allowed).toBe(told.actions[0]?.can_perform_action);
      }),
    );
  });

  it('knows every duration that is written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e10 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseDuration(text) ?? 1).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the key of a user', () => {
  it('is its own key, and of digits digits', () => {
    const digits = fc.stringMatching(/^(55|54|549|52|521|1|49)\d{7,11}$/);
    fc.assert(
      fc.property(fc.oneof(digits, fc.string()), (waId) => {
        expect(canonicalWaId(canonicalWaId(waId))).toBe(canonicalWaId(waId));
      }),
    );
    fc.assert(
      fc.property(digits, (waId) => {
        expect(canonicalWaId(waId)).toMatch(/^\d+$/);
      }),
    );
  });
});

describe('the end of quiet hours', () => {
  const zone = fc.constantFrom(
    'Europe/Berlin',
    'America/New_York',
    'America/Santiago',
    'Australia/Lord_Howe',
    'Asia/Kolkata',
    'Africa/Casablanca',
    'Pacific/Apia',
  );
  const time = fc.tuple(fc.nat(23), fc.nat(59)).map(([hour, minute]) => `${two(hour)}:${two(minute)}`);
  // Weeks in which clocks change somewhere, to a second.
  const at = fc
    .tuple(
      fc.constantFrom('2026-03-29', '2026-03-08', '2026-10-25', '2026-11-01', '2026-04-05', '2026-10-04', '2026-09-06'),
      fc.integer({ min: -DAY / SECOND, max: DAY / SECOND }),
    )
    .map(([day, second]) => Date.parse(day) + second * SECOND);

  it('is the first minute at which the clocks of no zone are within them', () => {
    fc.assert(
      fc.property(fc.record({ from: time, to: time }), fc.array(zone, { maxLength: 2 }), at, (hours, zones, from) => {
        const end = quietUntil(hours, zones, from);
        const quiet = (moment: number) => zones.some((name) => isWithin(hours, clockOf(name, moment)));
        for (let moment = from; moment < end && moment < from + 47 * HOUR; moment += 7 * 60 * SECOND) {
          expect(quiet(moment), new Date(moment).toISOString()).toBe(true);
        }
        if (end > from) expect(zones.some((name) => isWithin(hours, clockOf(name, end - SECOND)))).toBe(true);
        const isForAll = end <= from + 47 * HOUR && !alwaysQuiet(quiet, from);
        if (isForAll) expect([quiet(end), end > from]).toEqual([false, quiet(from)]);
        if (!quiet(from)) expect(end).toBe(from);
      }),
      { numRuns: 150 },
    );
  });

  function alwaysQuiet(quiet: (moment: number) => boolean, from: number): boolean {
    for (let moment = from; moment < from + 48 * HOUR; moment += 60 * SECOND) if (!quiet(moment)) return false;
    return true;
  }

  /** What the clock on the wall shows. */
  function clockOf(timeZone: string, moment: number): string {
    let format = clocks.get(timeZone);
    if (format === undefined) {
      format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
      clocks.set(timeZone, format);
    }
    return format.format(moment);
  }

  const clocks = new Map<string, Intl.DateTimeFormat>();

  function isWithin({ from, to }: { from: string; to: string }, clock: string): boolean {
    return from <= to ? from <= clock && clock < to : from <= clock || clock < to;
  }
});

function two(count: number): string {
  return String(count).padStart(2, '0');
}
