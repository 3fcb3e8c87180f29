import { expect } from 'vitest';
import {
  type CallIdentity,
  type CallPolicy,
  type Effect,
  type Input,
  isNamed,
  standingOf,
} from '../../src/call/index.ts';
import { identity, T0, TestCall, terminate } from './call.ts';
import type { Move } from './call-moves.ts';

export interface TraceStep {
  readonly input: Input;
  readonly effects: readonly Effect[];
  /** The ending stood already. */
  readonly wasEnding: boolean;
  /** A timer before the deadline that the call had asked for. */
  readonly early: boolean;
  /** The seat that was dialled or launched last before it. */
  readonly seat: number;
  /** The seat of whoever had the call before it, which another may be sought beside. */
  readonly holder: number | null;
  /** Meta's name of the call was known after it. */
  readonly named: boolean;
  /** What the call asked for after it. */
  readonly deadline: number | null;
}

export interface Trace {
  readonly call: TestCall;
  readonly steps: readonly TraceStep[];
}

/** Plays the moves, `times` apart, and then nothing but timers until the call is over. */
export function play(
  rules: CallPolicy,
  moves: readonly Move[],
  times: readonly number[],
  who: CallIdentity = identity(),
): Trace {
  const call = new TestCall(rules, who);
  const steps: TraceStep[] = [];
  let now = T0;
  let seat = 0;
  const feed = (fed: Input): void => {
    const wasEnding = call.phase === 'ending' || call.phase === 'ended';
    const early = fed.type === 'timer' && (call.deadline === null || fed.at < call.deadline);
    const holder = standingOf(call.call)?.holder?.seat ?? null;
    const effects = call.feed(fed);
    const { deadline } = call;
    steps.push({ input: fed, effects, wasEnding, early, seat, holder, named: isNamed(call.call.identity), deadline });
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
  // A call that waits for nothing is ended by the user.
  for (let wakes = 0; !call.isOver && wakes < 30; wakes += 1) {
    const quiet = call.phase === 'new' || call.phase === 'connected';
    if (call.deadline === null) expect(quiet).toBe(true);
    if (call.deadline === null) feed(terminate(now));
    else feed({ type: 'timer', at: call.deadline });
  }
  return { call, steps };
}

/** What holds of every call, whoever placed it. */
export function checkAnyCall({ call, steps }: Trace): void {
  expect(call.isOver).toBe(true);
  expect(call.endings).toHaveLength(1);
  for (const type of ['agent.start', 'media.play', 'media.drain', 'graph.reject', 'graph.terminate'] as const) {
    expect(call.count(type)).toBeLessThanOrEqual(1);
  }
  expect(call.count('media.close')).toBe(call.count('media.open') + call.count('media.offer'));
  let metaTerminated = false;
  for (const { input: fed, effects, early, wasEnding, seat, holder, deadline } of steps) {
    const out = typesOf(effects);
    expect(effects.length).toBeLessThan(early ? 1 : 14);
    if (fed.type === 'timer' && !early) {
      // A deadline that does nothing would be asked for again and again, and so would one that does not move.
      if (!wasEnding) expect(effects).not.toEqual([]);
      if (deadline !== null) expect(deadline).toBeGreaterThan(fed.at);
    }
    if (fed.type === 'meta.terminate') metaTerminated = true;
    if (metaTerminated) expect(out.filter((type) => type.startsWith('graph.'))).toEqual([]);
    if (wasEnding) {
      const late = out.filter((type) => !type.startsWith('log.') && type !== 'graph.terminate');
      expect(late).toEqual([]);
    }
    if (!fed.type.startsWith('agent.') || !('seat' in fed) || fed.seat === seat || fed.seat === holder) continue;
    expect(out.filter((type) => type !== 'log.append')).toEqual([]);
  }
  checkChain(call);
  checkTransfers(call);
  checkAnnouncements(call);
}

/** One agent at a time, each once and in order, and by socket only once there is a leg. */
function checkChain(call: TestCall): void {
  const seats = seatsOf(call.effects);
  expect(seats).toEqual([...new Set(seats)].sort((a, b) => a - b));
  const out = typesOf(call.effects);
  const leg = out.findIndex((type) => type === 'media.open' || type === 'media.offer');
  const dialled = out.indexOf('agent.connect');
  if (dialled !== -1) expect(leg).toBeGreaterThanOrEqual(0);
  if (dialled !== -1) expect(dialled).toBeGreaterThan(leg);
  if (leg !== -1) expect(out.lastIndexOf('agent.launch')).toBeLessThan(leg);
  if (call.record.launched === true) expect(leg).toBe(-1);
}

/** Each is answered once, and an agent that was sought beside another takes over or is let go. */
function checkTransfers(call: TestCall): void {
  let sought: number | null = null;
  for (const effect of call.effects) {
    switch (effect.type) {
      case 'agent.prepare':
        expect(sought).toBeNull();
        sought = effect.seat;
        break;
      case 'agent.switch':
      case 'agent.drop':
        expect(effect.seat).toBe(sought);
        break;
      case 'transfer.over':
        expect(effect.seat).toBe(sought);
        sought = null;
        break;
      case 'agent.connect':
      case 'agent.launch':
      case 'media.drain':
      case 'media.play':
        expect(sought).toBeNull();
        break;
      default:
    }
  }
  expect(sought).toBeNull();
}

/** One plays at a time, and what came of each is written down. */
function checkAnnouncements(call: TestCall): void {
  const playing = [0];
  for (const effect of call.effects) {
    if (effect.type === 'media.announce') playing.push(playing.at(-1)! + 1);
    if (effect.type === 'log.append' && isAnnouncementDone(effect.event)) playing.push(playing.at(-1)! - 1);
  }
  expect(playing).toEqual(playing.map((_, index) => index % 2));
  expect(playing.at(-1)).toBe(0);
  const told = call.lines('prompt_done').filter(({ id }) => id !== undefined);
  expect(told.length + call.lines('prompt_not_played').length).toBe(call.lines('prompt_requested').length);
}

function isAnnouncementDone({ type, data }: { readonly type: string; readonly data: object }): boolean {
  return type === 'prompt_done' && 'id' in data;
}

export function typesOf(effects: readonly Effect[]): string[] {
  return effects.map((effect) => effect.type);
}

/** The seats that were dialled or launched, in order. */
function seatsOf(effects: readonly Effect[]): number[] {
  return effects.flatMap((effect) =>
    effect.type === 'agent.connect' || effect.type === 'agent.prepare' || effect.type === 'agent.launch'
      ? [effect.seat]
      : [],
  );
}
