import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallPolicy, Effect, Input } from '../../src/call/index.ts';
import { T0, TestCall, terminate } from '../support/call.ts';
import { ANYTHING, anyPolicy, climbThenAnything, type Move, wholeCall } from '../support/call-moves.ts';
import { Desk, type Fate } from '../support/desk.ts';

const RUNS = 4_000;

const gaps = fc.array(fc.constantFrom(0, 1, 40, 900, 15_000, -500), { minLength: 1, maxLength: 8 });

interface Step {
  readonly input: Input;
  readonly effects: readonly Effect[];
  /** The ending stood already. */
  readonly wasEnding: boolean;
  /** A timer before the deadline that the call had asked for. */
  readonly early: boolean;
  /** The seat that was dialled or launched last before it. */
  readonly seat: number;
}

interface Trace {
  readonly call: TestCall;
  readonly steps: readonly Step[];
}

function play(rules: CallPolicy, moves: readonly Move[], times: readonly number[]): Trace {
  const call = new TestCall(rules);
  const steps: Step[] = [];
  let now = T0;
  let seat = 0;
  const feed = (fed: Input): void => {
    const wasEnding = call.phase === 'ending' || call.phase === 'ended';
    const early = fed.type === 'timer' && (call.deadline === null || fed.at < call.deadline);
    const effects = call.feed(fed);
    steps.push({ input: fed, effects, wasEnding, early, seat });
    seat = seatsOf(effects).at(-1) ?? seat;
  };
  moves.forEach((move, index) => {
    now += times[index % times.length] ?? 0;
    if (move.kind === 'input') feed(move.make(now, seat));
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

/** The seats that were dialled or launched, in order. */
function seatsOf(effects: readonly Effect[]): number[] {
  return effects.flatMap((effect) =>
    effect.type === 'agent.connect' || effect.type === 'agent.launch' ? [effect.seat] : [],
  );
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
  for (const type of ['agent.start', 'media.play', 'media.drain'] as const) {
    expect(call.count(type)).toBeLessThanOrEqual(1);
  }
  for (const { input: fed, effects, early, wasEnding } of steps) {
    expect(effects.length).toBeLessThan(early ? 1 : 12);
    // A deadline that does nothing would be asked for again and again.
    if (fed.type === 'timer' && !early && !wasEnding) expect(effects).not.toEqual([]);
  }
  checkChain(call, steps);

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

/** One agent at a time, each once and in order, by launch before there is a leg and by socket after it. */
function checkChain(call: TestCall, steps: readonly Step[]): void {
  const seats = seatsOf(call.effects);
  expect(seats).toEqual([...new Set(seats)].sort());
  const out = types(call.effects).filter((type) => !type.startsWith('log.'));
  const opened = out.indexOf('media.open');
  const dialled = out.indexOf('agent.connect');
  if (dialled !== -1) expect(opened).toBeGreaterThanOrEqual(0);
  if (dialled !== -1) expect(dialled).toBeGreaterThan(opened);
  if (opened !== -1) expect(out.lastIndexOf('agent.launch')).toBeLessThan(opened);
  if (call.record.launched === true) expect(opened).toBe(-1);

  for (const { input: fed, effects, seat } of steps) {
    if (!fed.type.startsWith('agent.') || !('seat' in fed) || fed.seat === seat) continue;
    expect(types(effects).filter((type) => type !== 'log.append')).toEqual([]);
  }
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
      fc.property(
        anyPolicy,
        climbThenAnything,
        gaps,
        fc.array(fc.constantFrom(...ANYTHING)),
        (rules, moves, times, late) => {
          const { call } = play(rules, moves, times);
          const { record } = call;
          for (const move of late) if (move.kind === 'input') call.feed(move.make(T0 + 500_000, 0));
          expect(call.isOver).toBe(true);
          expect(call.deadline).toBeNull();
          expect({ ...call.record, durationSeconds: null }).toEqual({ ...record, durationSeconds: null });
        },
      ),
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
      what: fc.constantFrom(
        'caller_hangup',
        'agent_hangup',
        'agent_drain',
        'agent_lost',
        'agent_lost',
        'agent_reconnects',
        'api_hangup',
        'leg_lost',
      ),
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
