import type { CallPatch, Effect, LogEffect } from './effects.ts';
import type { Ending } from './ending.ts';
import { advanceFarewell, DONE, farewellFor, hurryFarewell } from './farewell.ts';
import type { GraphAction, GraphResult, Input } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Call, Closing, EndedState, EndingState, Farewell } from './state.ts';

/** One call's end as the phase that ends it knows it. What is left out follows from the state. */
export interface Departure {
  readonly at: number;
  readonly ending: Ending;
  /** Lines that say what led to it. */
  readonly notes?: readonly Effect[];
  readonly farewell?: Farewell;
  /** The leg is gone already; nobody waits for `media.closed`. */
  readonly leg?: Closing;
  /** Meta's terminate, if that is what ended the call. */
  readonly terminate?: Terminate;
  readonly sessionStartedAt?: number;
}

export type Terminate = Extract<Input, { type: 'meta.terminate' }>;

/**
 * Ends a call, once: tells Graph what it must hear, closes the leg (which closes the agent's socket), and waits for both
 * at most `endTimeoutMs`. Call it from any state before `ending`.
 */
export function endCall(call: Call, departure: Departure): Outcome {
  const { state, policy } = call;
  const { at, ending, terminate } = departure;
  const hasLeg = state.phase !== 'new' && state.phase !== 'launching' && state.phase !== 'launched';
  const farewell = departure.farewell ?? farewellFor(state);
  const closing: EndingState = {
    phase: 'ending',
    ending,
    endedAt: at,
    sessionStartedAt: departure.sessionStartedAt ?? ('sessionStartedAt' in state ? state.sessionStartedAt : null),
    metaDurationSeconds: terminate === undefined ? null : metaDuration(terminate),
    terminateSeen: terminate !== undefined,
    farewell,
    leg: departure.leg ?? { pending: hasLeg, quality: null },
    closedBy: at + policy.endTimeoutMs,
  };
  const effects = [...(departure.notes ?? []), ...say(farewell, at)];
  if (hasLeg) effects.push({ type: 'media.close', ending });
  return settle(closing, at, effects);
}

/** The phase in which the ending stands and Graph and the leg are still to confirm. */
export function onEnding(state: EndingState, input: Input): Outcome {
  switch (input.type) {
    case 'timer': {
      const farewell = hurryFarewell(state.farewell);
      const effects = farewell === state.farewell ? [] : say(farewell, input.at);
      return went(toEnded(state), [...effects, ...record(state, input.at)]);
    }
    case 'media.closed':
      if (!state.leg.pending) return ignored('duplicate');
      return settle({ ...state, leg: { pending: false, quality: input.quality } }, input.at, []);
    case 'meta.terminate':
      if (state.terminateSeen) return ignored('duplicate');
      return settle(
        { ...state, terminateSeen: true, metaDurationSeconds: metaDuration(input), farewell: DONE },
        input.at,
        [noteTerminate(input)],
      );
    case 'graph.ok':
    case 'graph.failed': {
      const farewell = advanceFarewell(state.farewell, input);
      if (farewell === null) return ignored('not_outstanding');
      const spoken = farewell.step === 'terminating' ? say(farewell, input.at) : [];
      return settle({ ...state, farewell }, input.at, [noteResult(input.at, input), ...spoken]);
    }
    default:
      return ignored('call_is_ending');
  }
}

/** After the end, nothing changes but the log. */
export function onEnded(state: EndedState, input: Input): Outcome {
  if (input.type !== 'meta.terminate' || state.terminateSeen) return ignored('call_is_over');
  return went({ ...state, terminateSeen: true }, terminateAfterEnd(input));
}

/**
 * What a terminate that comes after the end still changes. Meta sends one for every ending, ours included
 * (meta-calling.md §3.6), seconds later; its duration is the billed one.
 */
export function terminateAfterEnd(input: Terminate): readonly LogEffect[] {
  const durationSeconds = metaDuration(input);
  const noted = noteTerminate(input);
  return durationSeconds === null ? [noted] : [noted, { type: 'log.update', patch: { durationSeconds } }];
}

export function noteTerminate(input: Terminate): LogEffect {
  return note(input.at, 'terminate_received', {
    status: input.status,
    answered: input.startTime !== null,
    durationSeconds: input.durationSeconds,
    errorCode: input.errors[0]?.code ?? null,
  });
}

/** The line of a Graph result. Meta's message stays out: it may quote the SDP. */
export function noteResult(at: number, result: GraphResult): Effect {
  if (result.type === 'graph.ok') return note(at, CONFIRMED[result.action], { tookMs: result.tookMs });
  const { kind, code, httpStatus } = result.error;
  return note(at, 'graph_failed', { action: result.action, kind, code, httpStatus });
}

const CONFIRMED: Readonly<Record<GraphAction, string>> = {
  pre_accept: 'pre_accepted',
  accept: 'accepted',
  reject: 'rejected',
  terminate: 'terminated',
};

function say(farewell: Farewell, at: number): Effect[] {
  if (farewell.step === 'rejecting') return [{ type: 'graph.reject' }, note(at, 'reject_sent')];
  if (farewell.step === 'terminating') return [{ type: 'graph.terminate' }, note(at, 'terminate_sent')];
  return [];
}

function settle(state: EndingState, at: number, effects: readonly Effect[]): Outcome {
  if (state.farewell.step !== 'done' || state.leg.pending) return went(state, effects);
  return went(toEnded(state), [...effects, ...record(state, at)]);
}

function toEnded(state: EndingState): EndedState {
  return { phase: 'ended', ending: state.ending, terminateSeen: state.terminateSeen };
}

function record(state: EndingState, at: number): Effect[] {
  const { ending, endedAt, sessionStartedAt, leg } = state;
  const patch: CallPatch = {
    status: ending.class === 'failed' || ending.class === 'dropped' ? 'failed' : 'completed',
    endedAt,
    durationSeconds: state.metaDurationSeconds ?? ownDuration(state),
    ending,
    quality: leg.quality,
    ...(sessionStartedAt === null ? {} : { sessionStartedAt }),
  };
  return [
    note(at, 'ended', { class: ending.class, reason: ending.reason, endedBy: ending.endedBy, detail: ending.detail }),
    { type: 'log.update', patch },
  ];
}

function ownDuration({ sessionStartedAt, endedAt }: EndingState): number | null {
  return sessionStartedAt === null ? null : Math.max(0, Math.floor((endedAt - sessionStartedAt) / 1000));
}

/** Whole seconds, as Meta counted them; null for a call that was never picked up. */
function metaDuration({ durationSeconds, startTime, endTime }: Terminate): number | null {
  if (durationSeconds !== null) return durationSeconds;
  return startTime !== null && endTime !== null ? Math.max(0, Math.floor((endTime - startTime) / 1000)) : null;
}
