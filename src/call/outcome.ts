import type { Effect } from './effects.ts';
import type { CallState } from './state.ts';

/** What an input did to a call: it went on, or it meant nothing, for a reason. */
export type Outcome = { readonly state: CallState; readonly effects: readonly Effect[] } | { readonly ignored: string };

export function went(state: CallState, effects: readonly Effect[] = []): Outcome {
  return { state, effects };
}

export function ignored(reason: string): Outcome {
  return { ignored: reason };
}
