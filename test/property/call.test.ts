import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { T0 } from '../support/call.ts';
import { ANYTHING, anyPolicy, climbThenAnything, wholeCall } from '../support/call-moves.ts';
import { checkAnyCall, play, type Trace, type TraceStep, typesOf } from '../support/call-trace.ts';
import { Desk } from '../support/desk.ts';
import type { Fate } from '../support/scripted-desk.ts';
import { anyWhims } from '../support/whims.ts';

const RUNS = 4_000;

const gaps = fc.array(fc.constantFrom(0, 1, 40, 900, 15_000, -500), { minLength: 1, maxLength: 8 });

function isGone({ input: fed }: TraceStep): boolean {
  return fed.type === 'graph.failed' && fed.error.kind === 'gone';
}

function check(trace: Trace): void {
  const { call, steps } = trace;
  checkAnyCall(trace);

  for (const type of ['graph.pre_accept', 'graph.accept', 'media.open'] as const) {
    expect(call.count(type)).toBeLessThanOrEqual(1);
  }
  for (const type of ['graph.connect', 'media.offer', 'media.answer'] as const) expect(call.count(type)).toBe(0);
  const sdps = call.effects.flatMap((effect) =>
    effect.type === 'graph.pre_accept' || effect.type === 'graph.accept' ? [effect.sdp] : [],
  );
  expect(new Set(sdps).size).toBeLessThanOrEqual(1);

  let mediaUp = false;
  let acceptSent = false;
  let acceptConfirmed = false;
  let metaTerminated = false;
  for (const { input: fed, effects } of steps) {
    const out = typesOf(effects);
    if (acceptSent && fed.type === 'graph.ok' && fed.action === 'accept') acceptConfirmed = true;
    if (fed.type === 'media.connected') mediaUp = true;
    if (fed.type === 'meta.terminate') metaTerminated = true;
    if (out.includes('graph.accept')) expect(mediaUp).toBe(true);
    if (out.includes('media.ungate')) expect(acceptConfirmed).toBe(true);
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
          // Meta's figures: how long it was, and when it was picked up if nobody here had heard of that.
          const figures = { durationSeconds: null, sessionStartedAt: record.sessionStartedAt ?? null };
          expect({ ...call.record, ...figures }).toEqual({ ...record, ...figures });
          if (record.sessionStartedAt !== undefined) expect(call.record.sessionStartedAt).toBe(record.sessionStartedAt);
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

  test('the call ends, and Graph holds no call that we believe to be over', () => {
    fc.assert(
      fc.property(anyPolicy, fc.array(fate, { maxLength: 12 }), anyWhims(20_000), (rules, fates, events) => {
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
