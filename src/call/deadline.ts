import type { CallState, Voice } from './state.ts';

/** When a call in this state wants to be woken if nothing else happens, Unix milliseconds; null for never. */
export function deadlineOf(state: CallState): number | null {
  switch (state.phase) {
    case 'new':
    case 'ended':
      return null;
    case 'launching':
      return state.launchBy;
    case 'launched':
    case 'following':
      return state.endBy;
    case 'offered':
      return Math.min(state.mediaBy, readyBy(state.voice));
    case 'pre-accepting':
      return Math.min(state.graphBy, state.mediaConnected ? Infinity : state.mediaBy, readyBy(state.voice));
    case 'waiting':
      return Math.min(state.mediaConnected ? Infinity : state.mediaBy, readyBy(state.voice));
    case 'accepting':
      // The ringing is over: an agent that is lost here has the time of an answered call, which begins with the result.
      return state.graphBy;
    case 'offering':
      return state.mediaBy;
    case 'placing':
      return state.graphBy;
    case 'unsure':
      return state.watchBy;
    case 'ringing':
      return Math.min(state.ringBy, readyBy(state.voice));
    case 'answering':
      return Math.min(state.mediaBy, readyBy(state.voice));
    case 'connected': {
      const deadline = Math.min(state.endBy ?? Infinity, readyBy(state.voice), state.transfer?.readyBy ?? Infinity);
      return deadline === Infinity ? null : deadline;
    }
    case 'draining':
      return state.drainedBy;
    case 'ending':
      return state.closedBy;
    default:
      return state satisfies never;
  }
}

function readyBy(voice: Voice): number {
  return voice.kind === 'agent' && !voice.ready ? voice.readyBy : Infinity;
}
