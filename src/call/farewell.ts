import { isNamed } from './identity.ts';
import type { GraphResult } from './inputs.ts';
import type { Call, Farewell } from './state.ts';

export const DONE: Farewell = { step: 'done' };
export const TERMINATE: Farewell = { step: 'terminating' };
/** The call was never pre-accepted. */
export const REJECT_UNRUNG: Farewell = { step: 'rejecting', preAccept: 'unsent' };
/** Graph refused to pre-accept it, or a runtime may have: where reject is refused, terminate follows. */
export const REJECT_ELSE_TERMINATE: Farewell = { step: 'rejecting', preAccept: 'answered' };

/**
 * What Graph must hear if we end the call in this state: reject until pre_accept succeeded, terminate after it. Of a dial
 * nothing while Graph does not know of it, then terminate, which needs the name that Meta gave it.
 */
export function farewellFor({ state, identity, policy }: Call, at: number): Farewell {
  switch (state.phase) {
    case 'new':
      if (identity.direction === 'inbound') return REJECT_UNRUNG;
      return isNamed(identity) ? TERMINATE : DONE;
    case 'offering':
      return isNamed(identity) ? TERMINATE : DONE;
    case 'placing':
      return whenNamed(at + policy.connectWatchMs);
    case 'unsure':
      return whenNamed(state.watchBy);
    case 'offered':
      return state.launchTried ? REJECT_ELSE_TERMINATE : REJECT_UNRUNG;
    case 'launching':
      return REJECT_ELSE_TERMINATE;
    case 'pre-accepting':
      return { step: 'rejecting', preAccept: 'pending' };
    case 'following':
      return isNamed(identity) ? TERMINATE : whenNamed(state.endBy);
    case 'launched':
    case 'waiting':
    case 'ringing':
    case 'answering':
    case 'connected':
    case 'draining':
      return TERMINATE;
    case 'accepting':
      return { step: 'terminate_after_accept' };
    case 'ending':
      return state.farewell;
    case 'ended':
      return DONE;
    default:
      return state satisfies never;
  }
}

/** A terminate that waits for the dial's name until `watchBy`, Unix milliseconds. */
export function whenNamed(watchBy: number): Farewell {
  return { step: 'terminate_when_named', watchBy };
}

/** Where a result takes the farewell; null if nobody waits for it. */
export function advanceFarewell(farewell: Farewell, result: GraphResult): Farewell | null {
  switch (farewell.step) {
    case 'done':
    case 'terminate_when_named':
      return null;
    case 'rejecting':
      return afterReject(farewell.preAccept, result);
    case 'terminate_after_pre_accept':
      return result.action === 'pre_accept' ? afterOurRequest(result) : null;
    case 'terminate_after_accept':
      return result.action === 'accept' ? afterOurRequest(result) : null;
    case 'terminating':
      return result.action === 'terminate' ? DONE : null;
    default:
      return farewell satisfies never;
  }
}

/**
 * When time is up, a terminate that is still held back goes out as it is; for its result nobody waits. One that has no
 * name to go with cannot.
 */
export function hurryFarewell(farewell: Farewell): Farewell {
  const held = farewell.step === 'terminate_after_accept' || farewell.step === 'terminate_after_pre_accept';
  return held ? TERMINATE : farewell;
}

type PreAccept = Extract<Farewell, { step: 'rejecting' }>['preAccept'];

function afterReject(preAccept: PreAccept, result: GraphResult): Farewell | null {
  if (result.action === 'pre_accept' && preAccept === 'pending') {
    return isGone(result) ? DONE : { step: 'rejecting', preAccept: 'answered' };
  }
  if (result.action !== 'reject') return null;
  // `unknown` stays in the runtime's debt book; of a call that never pre-accepted, reject is all there is to say.
  if (result.type === 'graph.ok' || result.error.kind !== 'refused' || preAccept === 'unsent') return DONE;
  // Reject is the wrong word once pre_accept counted (meta-calling.md §2.1).
  return preAccept === 'pending' ? { step: 'terminate_after_pre_accept' } : TERMINATE;
}

/** Whatever became of our own request, unless the call is gone Graph may believe it alive. */
function afterOurRequest(result: GraphResult): Farewell {
  return isGone(result) ? DONE : TERMINATE;
}

function isGone(result: GraphResult): boolean {
  return result.type === 'graph.failed' && result.error.kind === 'gone';
}
