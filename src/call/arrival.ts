import { endCall, noteTerminate } from './closing.ts';
import type { Effect } from './effects.ts';
import { dropped, type Ending, failed, missed, rejected } from './ending.ts';
import { DONE, TERMINATE } from './farewell.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Call, Voice } from './state.ts';

/** The phase before anything came in: takes the offer, or ends a call that must not ring. */
export function onNew(call: Call, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
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
      return endCall(call, { at, ending: rejected('draining', 'bridge') });
    case 'api.hangup':
      return endCall(call, { at, ending: rejected('api_reject', 'api') });
    case 'service.restarted':
      return endCall(call, { at, ending: restarted(input.answered), farewell: TERMINATE });
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

  if (input.sdpType !== 'offer') {
    // The answer to an offer of somebody else: every app of the account hears of every call (meta-calling.md §3.2).
    const farewell = identity.direction === 'outbound' ? { farewell: DONE } : {};
    return endCall(call, { at, ending: failed('bad_offer', 'meta', 'not_an_offer'), ...farewell });
  }
  if (ageMs > policy.maxOfferAgeMs) {
    return endCall(call, { at, ending: rejected('stale_offer', 'bridge'), notes: [received] });
  }
  const voice = chooseVoice(call, at);
  if (voice === null) return endCall(call, { at, ending: rejected('no_agent', 'bridge'), notes: [received] });

  const effects: Effect[] = [
    received,
    {
      type: 'media.open',
      offer: input.sdp,
      firstMediaTimeoutMs: policy.firstMediaTimeoutMs,
      mediaGapTimeoutMs: policy.mediaGapTimeoutMs,
    },
  ];
  if (policy.agent !== null) effects.push({ type: 'agent.connect', agent: policy.agent });
  return went({ phase: 'offered', voice, mediaBy: at + policy.mediaTimeoutMs }, effects);
}

function chooseVoice({ policy }: Call, at: number): Voice | null {
  const { agent, onAgentUnavailable, agentTimeoutMs } = policy;
  if (agent !== null) return { kind: 'agent', ready: false, readyBy: at + agentTimeoutMs };
  return onAgentUnavailable.action === 'prompt' ? { kind: 'prompt', prompt: onAgentUnavailable.prompt } : null;
}
