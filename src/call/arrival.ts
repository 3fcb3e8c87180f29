import { endCall } from './closing.ts';
import { dialUser } from './dial.ts';
import { dropped, type Ending, failed, missed, rejected } from './ending.ts';
import { DONE, TERMINATE, whenNamed } from './farewell.ts';
import { followClient } from './follow.ts';
import { isNamed } from './identity.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { launchedBefore } from './launch.ts';
import { calledOff } from './live.ts';
import { ignored, type Outcome } from './outcome.ts';
import { ring } from './ring.ts';
import type { Call } from './state.ts';
import { noteTerminate } from './terminate.ts';

/** The phase before anything came in: takes the offer, begins a call of ours, or ends one that must not ring. */
export function onNew(call: Call, input: Input): Outcome {
  const { at } = input;
  const { identity, policy } = call;
  switch (input.type) {
    case 'api.dial':
      return dialUser(call, at);
    case 'api.follow':
      return followClient(call, input);
    case 'meta.connect':
      return onConnect(call, input);
    case 'meta.terminate':
      return endCall(call, {
        at,
        ending: missed('terminated_before_connect'),
        notes: [noteTerminate(input)],
        farewell: DONE,
        terminate: input,
      });
    case 'service.refused':
      return endCall(call, { at, ending: rejected(input.why, 'bridge') });
    case 'service.drained':
      return endCall(call, { at, ending: calledOff(identity.direction, 'bridge') });
    case 'api.hangup':
      return endCall(call, { at, ending: calledOff(identity.direction, 'api') });
    case 'service.restarted':
      if (input.launched && identity.direction === 'inbound') return launchedBefore(call, at);
      return endCall(call, {
        at,
        ending: restarted(input.answered),
        // The process may have died before Graph's answer was written down, or before Graph was asked.
        farewell: isNamed(identity) ? TERMINATE : whenNamed(at + policy.connectWatchMs),
      });
    default:
      return ignored('nothing_came_in_yet');
  }
}

function restarted(answered: boolean): Ending {
  return answered ? dropped('service_restarted', 'bridge') : failed('service_restarted', 'bridge');
}

type Connect = Extract<Input, { type: 'meta.connect' }>;

function onConnect(call: Call, input: Connect): Outcome {
  const { identity, policy } = call;
  const { at } = input;
  const ageMs = at - input.timestamp;
  const received = note(at, 'offer_received', { ageMs });

  if (identity.direction === 'outbound' && !isNamed(identity)) return ignored('not_dialled_yet');
  if (input.sdpType !== 'offer' || identity.direction === 'outbound') {
    // The answer to an offer of somebody else: every app of the account hears of every call (meta-calling.md §3.2).
    const farewell = identity.direction === 'outbound' ? { farewell: DONE } : {};
    return endCall(call, { at, ending: failed('bad_offer', 'meta', 'not_an_offer'), ...farewell });
  }
  if (ageMs > policy.maxOfferAgeMs) {
    return endCall(call, { at, ending: rejected('stale_offer', 'bridge'), notes: [received] });
  }
  const chainBy = at + policy.agentTimeoutMs;
  return ring(call, { at, offer: input.sdp, seat: 0, chainBy, failure: null, notes: [received] });
}
