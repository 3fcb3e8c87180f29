import { cutOff } from './announcing.ts';
import type { CallPatch, Effect } from './effects.ts';
import type { Ending } from './ending.ts';
import { advanceFarewell, DONE, farewellFor, hurryFarewell, TERMINATE } from './farewell.ts';
import { noteFailure } from './graph-failure.ts';
import type { GraphAction, GraphResult, Input } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Call, Closing, EndedState, EndingState, Farewell } from './state.ts';
import { metaDuration, noteTerminate, type Terminate, terminateAfterEnd } from './terminate.ts';
import { transferCutOff } from './transferring.ts';

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

const WITHOUT_LEG = new Set(['new', 'launching', 'launched', 'following']);

/**
 * Ends a call, once: tells Graph what it must hear, closes the leg (which closes the agent's socket), and waits for both
 * at most `endTimeoutMs`, for the name of a dial as long as it is watched. Call it from any state before `ending`.
 */
export function endCall(call: Call, departure: Departure): Outcome {
  const { state, policy } = call;
  const { at, ending, terminate } = departure;
  const hasLeg = !WITHOUT_LEG.has(state.phase);
  const farewell = departure.farewell ?? farewellFor(call, at);
  const closing: EndingState = {
    phase: 'ending',
    ending,
    endedAt: at,
    sessionStartedAt: departure.sessionStartedAt ?? ('sessionStartedAt' in state ? state.sessionStartedAt : null),
    metaDurationSeconds: terminate === undefined ? null : metaDuration(terminate),
    terminateSeen: terminate !== undefined,
    farewell,
    leg: departure.leg ?? { pending: hasLeg, quality: null },
    closedBy: Math.max(at + policy.endTimeoutMs, farewell.step === 'terminate_when_named' ? farewell.watchBy : 0),
  };
  const undone = [...cutOff(call, at), ...transferCutOff(call, at)];
  const effects = [...(departure.notes ?? []), ...undone, ...say(farewell, at)];
  if (hasLeg) effects.push({ type: 'media.close', ending });
  return settle(closing, at, effects);
}

/** The phase in which the ending stands and Graph and the leg are still to confirm. */
export function onEnding(call: Call, state: EndingState, input: Input): Outcome {
  const { at } = input;
  const soon = at + call.policy.endTimeoutMs;
  switch (input.type) {
    case 'timer': {
      const farewell = hurryFarewell(state.farewell);
      const effects = farewell === state.farewell ? [] : say(farewell, at);
      return went(toEnded(state), [...effects, ...record(state, at)]);
    }
    case 'media.closed':
      if (!state.leg.pending) return ignored('duplicate');
      return settle({ ...state, leg: { pending: false, quality: input.quality } }, at, []);
    case 'meta.terminate': {
      if (state.terminateSeen) return ignored('duplicate');
      const told = { terminateSeen: true, metaDurationSeconds: metaDuration(input), farewell: DONE };
      const sessionStartedAt = state.sessionStartedAt ?? input.startTime;
      const closedBy = Math.min(state.closedBy, soon);
      return settle({ ...state, ...told, sessionStartedAt, closedBy }, at, [noteTerminate(input)]);
    }
    case 'graph.ok':
    case 'graph.failed': {
      const farewell = advanceFarewell(state.farewell, input);
      if (farewell === null) return ignored('not_outstanding');
      const spoken = farewell.step === 'terminating' ? say(farewell, at) : [];
      return settle({ ...state, farewell }, at, [noteResult(at, input), ...spoken]);
    }
    case 'dial.placed':
    case 'dial.named':
      // Whatever it was ended for, Graph has it, and now it can be told; unless Meta said that it is over.
      if (state.terminateSeen) return went(state);
      return settle({ ...state, farewell: TERMINATE, closedBy: soon }, at, say(TERMINATE, at));
    case 'dial.failed': {
      if (state.farewell.step !== 'terminate_when_named') return ignored('not_outstanding');
      const noted = [noteFailure(at, 'connect', input.error)];
      if (input.error.kind === 'unknown') return went(state, noted);
      return settle({ ...state, farewell: DONE, closedBy: Math.min(state.closedBy, soon) }, at, noted);
    }
    default:
      return ignored('call_is_ending');
  }
}

/** After the end nothing changes but the log; only a dial whose name comes this late is one that Graph must end. */
export function onEnded(state: EndedState, input: Input): Outcome {
  switch (input.type) {
    case 'meta.terminate':
      if (state.terminateSeen) return ignored('call_is_over');
      return went({ ...state, terminateSeen: true }, terminateAfterEnd(input, state.pickupUnknown));
    case 'dial.placed':
    case 'dial.named':
      return went(state, state.terminateSeen ? [] : say(TERMINATE, input.at));
    default:
      return ignored('call_is_over');
  }
}

/** The line of a Graph result. */
export function noteResult(at: number, result: GraphResult): Effect {
  if (result.type === 'graph.ok') return note(at, CONFIRMED[result.action], { tookMs: result.tookMs });
  return noteFailure(at, result.action, result.error);
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
  const { ending, terminateSeen } = state;
  return { phase: 'ended', ending, terminateSeen, pickupUnknown: state.sessionStartedAt === null };
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
