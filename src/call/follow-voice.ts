import { endCall } from './closing.ts';
import type { AnsweringState, RingingState } from './dial-state.ts';
import type { Effect } from './effects.ts';
import type { EndedBy, Ending } from './ending.ts';
import type { Input } from './inputs.ts';
import { onLive } from './live.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Call, UnansweredState } from './state.ts';
import { changeVoice } from './voice.ts';

/**
 * Follows the agent of a call that is not in its conversation yet; the rest is the same in every live phase.
 *
 * @param endingOf how the call ends if nobody will speak
 * @param goOn what may follow when the agent is ready, lost or replaced; default: nothing
 */
export function followVoice<State extends UnansweredState | RingingState | AnsweringState>(
  call: Call,
  state: State,
  input: Input,
  endingOf: (endedBy: EndedBy, detail: string | null) => Ending,
  goOn: (next: State, effects: readonly Effect[]) => Outcome = went,
): Outcome {
  const change = changeVoice(call.policy, state.voice, input);
  switch (change.type) {
    case 'none':
      return onLive(call, state, input);
    case 'ignored':
      return ignored(change.reason);
    case 'changed':
      return goOn({ ...state, voice: change.voice }, change.effects);
    case 'unavailable':
      return endCall(call, {
        at: input.at,
        ending: endingOf(change.endedBy, change.detail),
        notes: change.effects,
      });
    default:
      return change satisfies never;
  }
}
