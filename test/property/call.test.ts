import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallPolicy, Effect, Input } from '../../src/call/index.ts';
import {
  agentFailed,
  agentHangup,
  agentReady,
  closed,
  connect,
  mediaConnected,
  mediaFailed,
  no,
  ok,
  opened,
  policy,
  promptPolicy,
  T0,
  TestCall,
  terminate,
  terminateAfter,
} from '../support/call.ts';
import { Desk, type Fate } from '../support/desk.ts';

const RUNS = 4_000;

/** An input without its time, or the timer at whatever deadline the call asked for. */
type Move = { readonly kind: 'input'; readonly make: (at: number) => Input } | { readonly kind: 'wake' };

const input = (make: (at: number) => Input): Move => ({ kind: 'input', make });

const actions = ['pre_accept', 'accept', 'reject', 'terminate'] as const;
const refusals = ['refused', 'gone', 'unknown'] as const;
const mediaCodes = ['bad_offer', 'ice_failed', 'dtls_failed', 'media_lost', 'thread_died', 'internal'] as const;

const GOOD: readonly Move[] = [
  input(connect),
  input(opened),
  input((at) => ok(at, 'pre_accept')),
  input(mediaConnected),
  input(agentReady),
  input((at) => ok(at, 'accept')),
];

/** Everything that can happen to a call, whether it makes sense or not. */
const ANYTHING: readonly Move[] = [
  ...GOOD,
  input((at) => connect(at, { timestamp: at - 60_000 })),
  input((at) => connect(at, { sdpType: 'answer' })),
  input(terminate),
  input((at) => terminate(at, { status: 'FAILED', errors: [{ code: 138021, title: null, details: null }] })),
  input((at) => terminateAfter(at, 3)),
  input((at) => ({ type: 'meta.status', status: 'ACCEPTED', timestamp: at, at })),
  input((at) => ({ type: 'api.hangup', at })),
  input((at) => ({ type: 'service.refused', why: 'at_capacity', at })),
  input((at) => ({ type: 'service.drained', at })),
  input((at) => ({ type: 'service.restarted', answered: at % 2 === 0, at })),
  ...mediaCodes.map((code) => input((at) => mediaFailed(at, code))),
  input((at) => ({ type: 'media.heard', at })),
  input((at) => ({ type: 'media.silent', silentMs: 20_000, at })),
  input((at) => ({ type: 'media.prompt_done', prompt: 'sorry.ogg', played: true, at })),
  input((at) => ({ type: 'media.drained', at })),
  input((at) => ({ type: 'media.dtmf', digit: '1', durationMs: 100, at })),
  input((at) => closed(at)),
  input((at) => closed(at, null)),
  input(agentFailed),
  input((at) => ({ type: 'agent.reconnecting', attempt: 1, code: 'socket_lost', at })),
  input((at) => agentHangup(at, true)),
  input((at) => agentHangup(at, false, 'bye')),
  input((at) => ({ type: 'agent.spoke', at })),
  ...actions.map((action) => input((at) => ok(at, action))),
  ...actions.flatMap((action) => refusals.map((kind) => input((at) => no(at, action, kind)))),
  input((at) => ({ type: 'nobody.knows', at }) as unknown as Input),
  input((at) => ({ type: 'timer', at })),
  { kind: 'wake' },
];

/** What a whole call consists of: the way up, one or two ways to end, the confirmations. */
const wholeCall: fc.Arbitrary<Move[]> = fc
  .record({
    ends: fc.subarray(ANYTHING.slice(GOOD.length), { minLength: 1, maxLength: 3 }),
    wakes: fc.array(fc.constant<Move>({ kind: 'wake' }), { maxLength: 3 }),
    copies: fc.subarray([...GOOD]),
  })
  .chain(({ ends, wakes, copies }) => {
    const confirmations = [
      input((at) => ok(at, 'reject')),
      input((at) => ok(at, 'terminate')),
      input((at) => closed(at)),
    ];
    const moves: Move[] = [...GOOD, ...ends, ...wakes, ...copies, ...confirmations];
    return fc.shuffledSubarray(moves, { minLength: 1, maxLength: moves.length });
  });

/** The way up in its own order as far as it goes, so that late phases are reached often, and then anything. */
const climbThenAnything: fc.Arbitrary<Move[]> = fc
  .tuple(fc.nat(GOOD.length), fc.array(fc.constantFrom(...ANYTHING), { maxLength: 25 }))
  .map(([height, rest]) => [...GOOD.slice(0, height), ...rest]);

const anyPolicy: fc.Arbitrary<CallPolicy> = fc
  .record({
    rules: fc.constantFrom(policy(), promptPolicy(), policy({ agent: null }), promptPolicy({ agent: null })),
    maxDurationMs: fc.constantFrom(null, 5_000),
    agentTimeoutMs: fc.constantFrom(1_000, 30_000),
  })
  .map(({ rules, ...times }) => ({ ...rules, ...times }));

const gaps = fc.array(fc.constantFrom(0, 1, 40, 900, 15_000, -500), { minLength: 1, maxLength: 8 });

interface Step {
  readonly input: Input;
  readonly effects: readonly Effect[];
  /** The ending stood already. */
  readonly wasEnding: boolean;
  /** A timer before the deadline that the call had asked for. */
  readonly early: boolean;
}

interface Trace {
  readonly call: TestCall;
  readonly steps: readonly Step[];
}

function play(rules: CallPolicy, moves: readonly Move[], times: readonly number[]): Trace {
  const call = new TestCall(rules);
  const steps: Step[] = [];
  let now = T0;
  const feed = (fed: Input): void => {
    const wasEnding = call.phase === 'ending' || call.phase === 'ended';
    const early = fed.type === 'timer' && (call.deadline === null || fed.at < call.deadline);
    steps.push({ input: fed, effects: call.feed(fed), wasEnding, early });
  };
  moves.forEach((move, index) => {
    now += times[index % times.length] ?? 0;
    if (move.kind === 'input') feed(move.make(now));
    else if (call.deadline !== null) {
      now = Math.max(now, call.deadline);
      feed({ type: 'timer', at: call.deadline });
    }
  });
  // Nothing but timers from here on; a call that waits for nothing is ended by the user.
  for (let wakes = 0; !call.isOver && wakes < 30; wakes += 1) {
    const quiet = call.phase === 'new' || call.phase === 'connected';
    if (call.deadline === null) expect(quiet).toBe(true);
    if (call.deadline === null) feed(terminate(now));
    else feed({ type: 'timer', at: call.deadline });
  }
  return { call, steps };
}

function types(effects: readonly Effect[]): string[] {
  return effects.map((effect) => effect.type);
}

function isGone({ input: fed }: Step): boolean {
  return fed.type === 'graph.failed' && fed.error.kind === 'gone';
}

function check({ call, steps }: Trace): void {
  expect(call.isOver).toBe(true);
  expect(call.endings).toHaveLength(1);

  const all = call.effects;
  for (const type of ['graph.pre_accept', 'graph.accept', 'graph.reject', 'graph.terminate', 'media.open'] as const) {
    expect(call.count(type)).toBeLessThanOrEqual(1);
  }
  expect(call.count('media.close')).toBe(call.count('media.open'));
  for (const { effects, early } of steps) expect(effects.length).toBeLessThan(early ? 1 : 12);

  const sdps = all.flatMap((effect) =>
    effect.type === 'graph.pre_accept' || effect.type === 'graph.accept' ? [effect.sdp] : [],
  );
  expect(new Set(sdps).size).toBeLessThanOrEqual(1);

  let mediaUp = false;
  let acceptSent = false;
  let acceptConfirmed = false;
  let metaTerminated = false;
  for (const { input: fed, effects, wasEnding } of steps) {
    const out = types(effects);
    if (acceptSent && fed.type === 'graph.ok' && fed.action === 'accept') acceptConfirmed = true;
    if (fed.type === 'media.connected') mediaUp = true;
    if (fed.type === 'meta.terminate') metaTerminated = true;
    if (out.includes('graph.accept')) expect(mediaUp).toBe(true);
    if (out.includes('media.ungate')) expect(acceptConfirmed).toBe(true);
    if (metaTerminated) expect(out.filter((type) => type.startsWith('graph.'))).toEqual([]);
    if (wasEnding) {
      const late = out.filter((type) => !type.startsWith('log.') && type !== 'graph.terminate');
      expect(late).toEqual([]);
    }
    acceptSent ||= out.includes('graph.accept');
  }

  const endedBefore = steps.findIndex(({ wasEnding }) => wasEnding);
  const untilTheEnd = endedBefore === -1 ? steps : steps.slice(0, endedBefore);
  const byMeta = untilTheEnd.some(({ input: fed }) => fed.type === 'meta.terminate');
  const told = call.count('graph.reject') + call.count('graph.terminate');
  const nothingToTell = steps.some(isGone) || metaTerminated;
  if (!byMeta && !nothingToTell) expect(told).toBeGreaterThanOrEqual(1);
}

describe('whatever comes in, in whatever order', () => {
  test('any permutation and duplication of a call’s inputs, split by timers, ends it once and soundly', () => {
    fc.assert(
      fc.property(anyPolicy, wholeCall, gaps, (rules, moves, times) => check(play(rules, moves, times))),
      { numRuns: RUNS },
    );
  });

  test('so does anything at all after any part of the way up', () => {
    fc.assert(
      fc.property(anyPolicy, climbThenAnything, gaps, (rules, moves, times) => check(play(rules, moves, times))),
      { numRuns: RUNS },
    );
  });

  test('an input that came late is only written down: no state but the first ending is ever left again', () => {
    fc.assert(
      fc.property(climbThenAnything, gaps, fc.array(fc.constantFrom(...ANYTHING)), (moves, times, late) => {
        const { call } = play(policy(), moves, times);
        const { record } = call;
        for (const move of late) if (move.kind === 'input') call.feed(move.make(T0 + 500_000));
        expect(call.isOver).toBe(true);
        expect(call.deadline).toBeNull();
        expect({ ...call.record, durationSeconds: null }).toEqual({ ...record, durationSeconds: null });
      }),
      { numRuns: RUNS },
    );
  });
});

describe('against a Graph, a leg and an agent that answer in their own time', () => {
  const fate: fc.Arbitrary<Fate> = fc.record({
    delayMs: fc.constantFrom(5, 60, 400, 3_000, 9_000),
    outcome: fc.constantFrom('works', 'works', 'works', 'works', 'fails', 'lost', 'lost_but_done', 'never'),
  });
  const whims = fc.array(
    fc.record({
      at: fc.nat(20_000),
      what: fc.constantFrom('caller_hangup', 'agent_hangup', 'agent_drain', 'agent_lost', 'api_hangup', 'leg_lost'),
    }),
    { maxLength: 3 },
  );

  test('the call ends, and Graph holds no call that we believe to be over', () => {
    fc.assert(
      fc.property(anyPolicy, fc.array(fate, { maxLength: 12 }), whims, (rules, fates, events) => {
        const desk = new Desk(rules, fates, events);
        desk.run();
        expect(desk.call.isOver).toBe(true);
        expect(desk.call.endings).toHaveLength(1);
        expect(desk.graph).toBe('over');
        expect(desk.early).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});
