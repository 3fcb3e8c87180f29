import { endCall } from './closing.ts';
import type { AnsweringState, RingingState } from './dial-state.ts';
import type { EndedBy, Ending } from './ending.ts';
import type { Input } from './inputs.ts';
import { onLive } from './live.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Call } from './state.ts';
import { changeVoice } from './voice.ts';

/**
 * Follows the agent of a dial that is not in its conversation yet; the rest is the same in every live phase.
 *
 * @param endingOf how the call ends if nobody will speak
 */
export function followVoice(
  call: Call,
  state: RingingState | AnsweringState,
  input: Input,
  endingOf: (endedBy: EndedBy, detail: string | null) => Ending,
): Outcome {
  const change = changeVoice(call.policy, state.voice, input);
  switch (change.type) {
    case 'none':
      return onLive(call, state, input);
    case 'ignored':
      return ignored(change.reason);
    case 'changed':
      return went({ ...state, voice: change.voice }, change.effects);
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
