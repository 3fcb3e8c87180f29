import { endCall } from './closing.ts';
import { answeredPatch } from './connected.ts';
import type { FollowingState } from './dial-state.ts';
import { type DialStatus, onDialStatus } from './dial-status.ts';
import { completed, failed, missed } from './ending.ts';
import { DONE } from './farewell.ts';
import { isNamed } from './identity.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { endedElsewhere, timeIsUp, untilWhen } from './launch.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Call } from './state.ts';

/**
 * Begins to watch a call that a client placed and has the media of. One that Graph has not named, because its answer was
 * lost, is watched for a webhook that names it: the client hears of the call by the same webhook, and may take it on.
 */
export function followClient(call: Call, { at, answered }: Extract<Input, { type: 'api.follow' }>): Outcome {
  const { identity, policy } = call;
  if (identity.direction !== 'outbound') return ignored('not_ours_to_place');
  return went(
    {
      phase: 'following',
      rings: false,
      answered: answered ?? false,
      sessionStartedAt: null,
      endBy: isNamed(identity) ? untilWhen(call) : at + policy.connectWatchMs,
    },
    [note(at, 'followed')],
  );
}

/** What Meta says of it is written down: picked up or not is what its limits count. */
export function onFollowing(call: Call, state: FollowingState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'dial.placed':
    case 'dial.named':
      return went({ ...state, endBy: untilWhen(call) });
    case 'meta.status':
      if (!isNamed(call.identity)) return ignored('not_named_yet');
      return onStatus(call, state, input);
    case 'meta.terminate':
      return endedElsewhere(call, input, state.answered);
    case 'api.hangup':
      return endCall(call, {
        at,
        ending: state.answered ? completed('api_hangup', 'api') : missed('cancelled', 'api'),
        notes: [note(at, 'hangup_requested')],
      });
    case 'timer':
      if (!isNamed(call.identity)) return neverNamed(call, at);
      return endCall(call, { at, ending: state.answered ? timeIsUp(call) : missed('unanswered', 'bridge') });
    case 'service.drained':
      return ignored('a_client_has_it');
    default:
      return ignored(`means_nothing_when_${state.phase}`);
  }
}

function neverNamed(call: Call, at: number): Outcome {
  const ending = failed('connect_unknown', 'bridge');
  return endCall(call, { at, ending, notes: [note(at, 'never_named')], farewell: DONE });
}

function onStatus(call: Call, state: FollowingState, input: DialStatus): Outcome {
  if (state.answered) return ignored('picked_up_already');
  return onDialStatus(call, state, input, (sessionStartedAt) =>
    went({ ...state, answered: true, sessionStartedAt }, [
      answeredPatch(sessionStartedAt),
      note(input.at, 'picked_up', { by: 'accepted' }),
    ]),
  );
}
