import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CallPolicy, isNamed } from '../../src/call/index.ts';
import { T0 } from '../support/call.ts';
import { ANYTHING, anyPolicy } from '../support/call-moves.ts';
import { checkAnyCall, play, type Trace, type TraceStep, typesOf } from '../support/call-trace.ts';
import { dialIdentity } from '../support/dial-call.ts';
import { DialDesk, type Reaction } from '../support/dial-desk.ts';
import { dialThenAnything, wholeDial } from '../support/dial-moves.ts';
import type { Fate } from '../support/scripted-desk.ts';
import { anyWhims } from '../support/whims.ts';

const RUNS = 4_000;

const gaps = fc.array(fc.constantFrom(0, 1, 40, 900, 15_000, -500), { minLength: 1, maxLength: 8 });

/** What else holds of a call that we place, or that a client does. */
function check(rules: CallPolicy, trace: Trace): void {
  const { call, steps } = trace;
  checkAnyCall(trace);
  for (const type of ['media.open', 'graph.pre_accept', 'graph.accept', 'graph.reject', 'agent.launch'] as const) {
    expect(call.count(type)).toBe(0);
  }
  for (const type of ['media.offer', 'graph.connect', 'media.answer', 'media.ungate'] as const) {
    expect(call.count(type)).toBeLessThanOrEqual(1);
  }
  checkPickup(rules, steps);
  checkName(trace);
  checkEnding(trace);
}

/** Nothing sounds, and no agent begins, before somebody is there to hear it. */
function checkPickup(rules: CallPolicy, steps: readonly TraceStep[]): void {
  let offered = false;
  let pickedUp = false;
  let mediaUp = false;
  let answered = false;
  for (const { input: fed, effects } of steps) {
    if (fed.type === 'meta.status' && fed.status === 'ACCEPTED') pickedUp = true;
    if (fed.type === 'media.heard' && rules.answeredBy === 'accepted_or_media') pickedUp = true;
    if (offered && fed.type === 'media.connected') mediaUp = true;
    const sounds = effects.some(({ type }) =>
      ['media.ungate', 'agent.start', 'media.play', 'media.drain'].includes(type),
    );
    if (sounds) expect({ pickedUp, mediaUp }).toEqual({ pickedUp: true, mediaUp: true });
    for (const effect of effects) {
      offered ||= effect.type === 'media.offer';
      if (effect.type !== 'log.update') continue;
      if (effect.patch.status === 'answered') answered = true;
      if (effect.patch.status === 'ringing') expect(answered).toBe(false);
    }
  }
}

/** Graph is told the end of a call by its name, and of every call that has one. */
function checkName({ call, steps }: Trace): void {
  for (const { effects, named } of steps) {
    const out = typesOf(effects);
    if (out.some((type) => type === 'graph.terminate' || type === 'agent.connect' || type === 'media.answer')) {
      expect(named).toBe(true);
    }
  }
  const names = call.effects.flatMap((effect) =>
    effect.type === 'log.update' && effect.patch.callId !== undefined ? [effect.patch.callId] : [],
  );
  const { identity } = call.call;
  expect(names).toEqual(isNamed(identity) ? [identity.callId] : []);

  const byMeta = steps.some(({ input: fed }) => fed.type === 'meta.terminate');
  // After REJECTED, Meta's terminate follows; a connect before any dial is another's call.
  const others = ['declined', 'bad_offer'].includes(call.endings[0]!.reason);
  if (isNamed(identity) && !byMeta && !others) expect(call.count('graph.terminate')).toBe(1);
}

/** Completed or dropped if it was picked up, missed, rejected or failed if it was not; as far as was known at the end. */
function checkEnding({ call, steps }: Trace): void {
  const last = steps.findIndex(({ wasEnding }) => wasEnding);
  const until = last === -1 ? steps : steps.slice(0, last);
  const statuses = until.flatMap(({ effects }) =>
    effects.flatMap((effect) => (effect.type === 'log.update' ? [effect.patch.status] : [])),
  );
  const trigger = until.at(-1)!.input;
  const byTimes = trigger.type === 'meta.terminate' && trigger.startTime !== null;
  const restarted = trigger.type === 'service.restarted' && trigger.answered;
  const unbegun = call.endings[0]!.reason === 'terminated_before_connect';
  const answered = (statuses.includes('answered') || byTimes || restarted) && !unbegun;
  const { class: ended } = call.endings[0]!;
  expect(['completed', 'dropped'].includes(ended)).toBe(answered);
}

describe('whatever comes in for a dial, in whatever order', () => {
  test('any permutation and duplication of its inputs, split by timers, ends it once and soundly', () => {
    fc.assert(
      fc.property(anyPolicy, wholeDial, gaps, (rules, moves, times) =>
        check(rules, play(rules, moves, times, dialIdentity())),
      ),
      { numRuns: RUNS },
    );
  });

  test('so does anything at all after any part of the way up', () => {
    fc.assert(
      fc.property(anyPolicy, dialThenAnything, gaps, (rules, moves, times) =>
        check(rules, play(rules, moves, times, dialIdentity())),
      ),
      { numRuns: RUNS },
    );
  });

  test('after the end only Meta’s figures and a late name still change the record, and the name is told terminate once', () => {
    fc.assert(
      fc.property(
        anyPolicy,
        dialThenAnything,
        gaps,
        fc.array(fc.constantFrom(...ANYTHING)),
        (rules, moves, times, late) => {
          const trace = play(rules, moves, times, dialIdentity());
          const { call } = trace;
          const { record } = call;
          for (const move of late) if (move.kind === 'input') call.feed(move.make(T0 + 500_000, 0));
          expect(call.isOver).toBe(true);
          expect(call.deadline).toBeNull();
          expect(call.count('graph.terminate')).toBeLessThanOrEqual(1);
          const figures = { durationSeconds: null, sessionStartedAt: null, callId: null };
          expect({ ...call.record, ...figures }).toEqual({ ...record, ...figures });
          if (record.sessionStartedAt !== undefined) {
            expect(call.record.sessionStartedAt).toBe(record.sessionStartedAt);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe('against a Graph, a phone, a leg and agents that answer in their own time', () => {
  const fate: fc.Arbitrary<Fate> = fc.record({
    delayMs: fc.constantFrom(5, 60, 400, 3_000, 9_000),
    outcome: fc.constantFrom('works', 'works', 'works', 'works', 'fails', 'lost', 'lost_but_done', 'never'),
  });
  const reaction: fc.Arbitrary<Reaction> = fc.record({
    what: fc.constantFrom('picks_up', 'picks_up', 'picks_up', 'rejects', 'nothing'),
    afterMs: fc.constantFrom(0, 300, 2_000, 12_000, 44_900, 50_000),
  });
  const delays = fc.array(fc.constantFrom(0, 20, 300, 4_000, 9_000), { maxLength: 6 });

  test('the call ends, it was placed at most once, and Graph holds no call that we believe to be over', () => {
    fc.assert(
      fc.property(
        anyPolicy,
        fc.array(fate, { maxLength: 12 }),
        anyWhims(30_000),
        reaction,
        delays,
        (rules, fates, events, user, webhooks) => {
          const desk = new DialDesk(rules, fates, events, user, webhooks);
          desk.run();
          expect(desk.call.isOver).toBe(true);
          expect(desk.call.endings).toHaveLength(1);
          expect(desk.connects).toBeLessThanOrEqual(1);
          expect(['idle', 'over']).toContain(desk.graph);
          expect(desk.wrong).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
