import type { AgentChoice } from './agent-target.ts';
import type { Effect } from './effects.ts';
import type { CallState } from './state.ts';

/** What an input did to a call: it went on, or it meant nothing, for a reason. */
export type Outcome = Went | { readonly ignored: string };

export interface Went {
  readonly state: CallState;
  readonly effects: readonly Effect[];
  /** The policy's agents from now on; it only ever grows. Missing: as they were. */
  readonly agents?: readonly AgentChoice[];
}

export function went(state: CallState, effects: readonly Effect[] = []): Went {
  return { state, effects };
}

export function ignored(reason: string): Outcome {
  return { ignored: reason };
}
