import { pickUp, takeAnswer } from './answering.ts';
import { dialFrom } from './chain.ts';
import { endCall } from './closing.ts';
import type { RingingState } from './dial-state.ts';
import { onDialStatus } from './dial-status.ts';
import type { Effect } from './effects.ts';
import { missed, rejected } from './ending.ts';
import { followVoice } from './follow-voice.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { CallPolicy } from './policy.ts';
import type { Call, Voice } from './state.ts';

/** Meta has the call. The agent is dialled now, so that it is ready when the user picks up. */
export function ringUser(call: Call, at: number): Outcome {
  const { policy } = call;
  const ringBy = at + policy.ringTimeoutMs;
  const { voice, effects } = firstVoice(policy, at, ringBy);
  if (voice === null) return endCall(call, { at, ending: rejected('no_agent', 'bridge'), notes: effects });
  return went({ phase: 'ringing', voice, rings: false, answerTaken: false, mediaConnected: false, ringBy }, effects);
}

/**
 * The phone rings, or is about to. Meta's answer comes before the pickup, or after it, and RINGING or not at all; nothing
 * but ACCEPTED means that somebody is there (meta-calling.md §3.4, §4.5).
 */
export function onRinging(call: Call, state: RingingState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'meta.connect':
      return takeAnswer(state, input);
    case 'meta.status':
      return onDialStatus(call, state, input, (sessionStartedAt) =>
        pickUp(call, state, at, 'accepted', sessionStartedAt),
      );
    case 'media.connected':
      if (state.mediaConnected) return ignored('duplicate');
      return went({ ...state, mediaConnected: true }, [note(at, 'media_connected', { setupMs: input.setupMs })]);
    case 'media.heard':
      // Whether Meta sends sound before the pickup is not known (meta-calling.md §13), so the policy must allow it.
      if (call.policy.answeredBy !== 'accepted_or_media') return ignored('not_a_pickup');
      return pickUp(call, state, at, 'media', at);
    case 'timer':
      if (at < state.ringBy) return onVoice(call, state, input);
      return endCall(call, { at, ending: missed('unanswered', 'bridge'), notes: [note(at, 'ring_timed_out')] });
    default:
      return onVoice(call, state, input);
  }
}

/** What becomes of the agent while the phone rings. */
function onVoice(call: Call, state: RingingState, input: Input): Outcome {
  return followVoice(call, state, input, (endedBy, detail) =>
    endedBy === 'agent' ? missed('cancelled', 'agent', detail) : rejected('agent_unavailable', endedBy, detail),
  );
}

function firstVoice(policy: CallPolicy, at: number, ringBy: number) {
  const hop: { readonly voice: Voice | null; readonly effects: readonly Effect[] } = dialFrom(policy, 0, at, ringBy);
  const { onAgentUnavailable } = policy;
  if (hop.voice !== null || onAgentUnavailable.action === 'reject') return hop;
  const voice: Voice = { kind: 'prompt', prompt: onAgentUnavailable.prompt, lost: null };
  return { voice, effects: hop.effects };
}
