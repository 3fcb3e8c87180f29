import type { AgentTarget } from './agent-target.ts';
import type { Call } from './state.ts';

/** Who has a call at the moment, and whether it is answered. */
export interface Standing {
  /** Null: nobody, a prompt, or a runtime that a process before this one had given it. */
  readonly holder: { readonly seat: number; readonly agent: AgentTarget } | null;
  /** Unix milliseconds; null before, and where a runtime answers. */
  readonly answeredAt: number | null;
}

/** Null for a call that is over or about to be. */
export function standingOf({ state, policy }: Call): Standing | null {
  if (state.phase === 'ending' || state.phase === 'ended') return null;
  const seat = seatOf(state);
  const choice = seat === null ? undefined : policy.agents[seat];
  return {
    holder: seat === null || choice === undefined ? null : { seat, agent: choice.agent },
    answeredAt: 'sessionStartedAt' in state ? state.sessionStartedAt : null,
  };
}

/** Whether a runtime has the call, so that it does not need this process. */
export function isLaunched({ state }: Call): boolean {
  return state.phase === 'launched';
}

function seatOf(state: Call['state']): number | null {
  if ('voice' in state) return state.voice.kind === 'agent' ? state.voice.seat : null;
  return 'seat' in state ? state.seat : null;
}
