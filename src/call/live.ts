import { endCall } from './closing.ts';
import { completed, dropped, type Ending, failed, missed, rejected } from './ending.ts';
import { DONE } from './farewell.ts';
import type { Direction } from './identity.ts';
import type { Input, MediaFailure } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome } from './outcome.ts';
import type { Call, LiveState } from './state.ts';
import { noteTerminate, type Terminate } from './terminate.ts';

/** What ends a call in the same way in every phase in which a leg exists; all else means nothing in `state`. */
export function onLive(call: Call, state: LiveState, input: Input): Outcome {
  const { at } = input;
  const answered = isAnswered(state);
  const { direction } = call.identity;
  switch (input.type) {
    case 'meta.terminate':
      return terminatedByMeta(call, state, answered, input);
    case 'api.hangup':
      return endCall(call, {
        at,
        ending: answered ? completed('api_hangup', 'api') : calledOff(direction, 'api'),
        notes: [note(at, 'hangup_requested')],
      });
    case 'service.drained':
      return endCall(call, {
        at,
        ending: answered ? completed('service_drained', 'bridge') : calledOff(direction, 'bridge'),
      });
    case 'media.failed':
      return endCall(call, {
        at,
        ending: mediaEnding(input.code, answered, direction),
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

function isAnswered({ phase }: LiveState): boolean {
  return phase === 'answering' || phase === 'connected' || phase === 'draining';
}

/** Ended by our side before anybody had answered. */
export function calledOff(direction: Direction, by: 'api' | 'bridge'): Ending {
  if (direction === 'outbound') return missed('cancelled', by, by === 'bridge' ? 'draining' : null);
  return by === 'api' ? rejected('api_reject', 'api') : rejected('draining', 'bridge');
}

/** `detail` of the input stays out of the ending: it may name an address. */
function mediaEnding(code: MediaFailure, answered: boolean, direction: Direction): Ending {
  if (code === 'thread_died') return (answered ? dropped : failed)('media_thread_died', 'bridge');
  if (answered) return dropped('media_lost', 'bridge', code);
  return code === 'bad_offer' && direction === 'inbound'
    ? failed('bad_offer', 'bridge')
    : failed('media_failed', 'bridge', code);
}

/**
 * Meta says the call is over. Picked up or not is told by `startTime`, never by `status` (meta-calling.md §3.6); it counts
 * while our own accept is under way, whose result this webhook can overtake, and for a dial, whose ACCEPTED it can.
 */
function terminatedByMeta(call: Call, state: LiveState, connected: boolean, input: Terminate): Outcome {
  const mayOvertake = state.phase === 'accepting' || (!connected && call.identity.direction === 'outbound');
  const overtook = mayOvertake && input.startTime !== null;
  return endCall(call, {
    at: input.at,
    ending: metaEnding(connected || overtook, call.identity.direction, input),
    notes: [noteTerminate(input)],
    farewell: DONE,
    terminate: input,
    ...(overtook && input.startTime !== null ? { sessionStartedAt: input.startTime } : {}),
  });
}

/** How a call ended that Meta says is over. */
export function metaEnding(answered: boolean, direction: Direction, { status, errors }: Terminate): Ending {
  if (status === 'FAILED' || errors.length > 0) {
    const detail = errors[0] === undefined ? null : String(errors[0].code);
    return (answered ? dropped : failed)('meta_failed', 'meta', detail);
  }
  if (answered) return completed('user_hangup', 'user');
  return missed(direction === 'outbound' ? 'unanswered' : 'caller_gave_up');
}
