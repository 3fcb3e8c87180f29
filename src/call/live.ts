import { endCall, noteTerminate, type Terminate } from './closing.ts';
import { completed, dropped, type Ending, failed, missed, rejected } from './ending.ts';
import { DONE } from './farewell.ts';
import type { Input, MediaFailure } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome } from './outcome.ts';
import type { Call, LiveState } from './state.ts';

/** What ends a call in the same way in every phase in which a leg exists; all else means nothing in `state`. */
export function onLive(call: Call, state: LiveState, input: Input): Outcome {
  const { at } = input;
  const answered = state.phase === 'connected' || state.phase === 'draining';
  switch (input.type) {
    case 'meta.terminate':
      return terminatedByMeta(call, state, answered, input);
    case 'api.hangup':
      return endCall(call, {
        at,
        ending: answered ? completed('api_hangup', 'api') : rejected('api_reject', 'api'),
        notes: [note(at, 'hangup_requested')],
      });
    case 'service.drained':
      return endCall(call, {
        at,
        ending: answered ? completed('service_drained', 'bridge') : rejected('draining', 'bridge'),
      });
    case 'media.failed':
      return endCall(call, {
        at,
        ending: mediaEnding(input.code, answered),
        notes: [note(at, 'media_failed', { code: input.code })],
        // A dead thread reports nothing any more.
        ...(input.code === 'thread_died' ? { leg: { pending: false, quality: null } } : {}),
      });
    case 'media.closed':
      return endCall(call, {
        at,
        ending: answered ? dropped('media_lost', 'bridge', 'closed') : failed('media_failed', 'bridge', 'closed'),
        notes: [note(at, 'media_failed', { code: 'closed' })],
        leg: { pending: false, quality: input.quality },
      });
    default:
      return ignored(`means_nothing_when_${state.phase}`);
  }
}

/** `detail` of the input stays out of the ending: it may name an address. */
function mediaEnding(code: MediaFailure, answered: boolean): Ending {
  if (code === 'thread_died') return (answered ? dropped : failed)('media_thread_died', 'bridge');
  if (answered) return dropped('media_lost', 'bridge', code);
  return code === 'bad_offer' ? failed('bad_offer', 'bridge') : failed('media_failed', 'bridge', code);
}

/**
 * Meta says the call is over. Picked up or not is told by `startTime`, never by `status` (meta-calling.md §3.6); it counts
 * while our own accept is under way, whose result this webhook can overtake.
 */
function terminatedByMeta(call: Call, state: LiveState, connected: boolean, input: Terminate): Outcome {
  const overtook = state.phase === 'accepting' && input.startTime !== null;
  const answered = connected || overtook;
  return endCall(call, {
    at: input.at,
    ending: metaEnding(answered, input),
    notes: [noteTerminate(input)],
    farewell: DONE,
    terminate: input,
    ...(overtook && input.startTime !== null ? { sessionStartedAt: input.startTime } : {}),
  });
}

/** How a call ended that Meta says is over. */
export function metaEnding(answered: boolean, { status, errors }: Terminate): Ending {
  if (status === 'FAILED' || errors.length > 0) {
    const detail = errors[0] === undefined ? null : String(errors[0].code);
    return (answered ? dropped : failed)('meta_failed', 'meta', detail);
  }
  return answered ? completed('user_hangup', 'user') : missed('caller_gave_up');
}
