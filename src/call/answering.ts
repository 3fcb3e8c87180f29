import { endCall } from './closing.ts';
import { answeredPatch, answeredVoice, connect, openGate } from './connected.ts';
import type { AnsweringState, RingingState } from './dial-state.ts';
import { completed, dropped } from './ending.ts';
import { followVoice } from './follow-voice.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Call } from './state.ts';

/**
 * The user picked up: they are on the line with the agent now, or as soon as the media is up.
 *
 * @param sessionStartedAt when that was, Unix milliseconds: Meta's word may be late, and its limits count from then
 */
export function pickUp(
  call: Call,
  state: RingingState,
  at: number,
  by: 'accepted' | 'media',
  sessionStartedAt: number,
): Outcome {
  const { policy } = call;
  const { answerTaken, mediaConnected } = state;
  const noted = note(at, 'picked_up', { by });
  if (mediaConnected) return connect(call, state.voice, at, [noted], sessionStartedAt);
  const voice = answeredVoice(policy, state.voice, at);
  // The ringing is over, and with it the time of its chain.
  const timed = voice.kind === 'agent' ? { ...voice, chainBy: at + policy.recoveryTimeoutMs } : voice;
  const mediaBy = at + policy.mediaTimeoutMs;
  return went({ phase: 'answering', voice: timed, answerTaken, sessionStartedAt, mediaBy }, [
    answeredPatch(sessionStartedAt),
    noted,
  ]);
}

/** ACCEPTED came before the media was up, maybe before Meta's answer. */
export function onAnswering(call: Call, state: AnsweringState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'meta.connect':
      return takeAnswer(state, input);
    case 'media.connected': {
      const { voice, sessionStartedAt } = state;
      return openGate(call, { voice, at, sessionStartedAt }, [note(at, 'media_connected', { setupMs: input.setupMs })]);
    }
    case 'timer':
      if (at < state.mediaBy) return onVoice(call, state, input);
      return endCall(call, {
        at,
        ending: dropped('media_timeout', 'bridge'),
        notes: [note(at, 'media_timed_out')],
      });
    default:
      return onVoice(call, state, input);
  }
}

/** Gives the leg Meta's answer, once. */
export function takeAnswer(
  state: RingingState | AnsweringState,
  { at, sdpType, sdp, timestamp }: Extract<Input, { type: 'meta.connect' }>,
): Outcome {
  if (sdpType !== 'answer') return ignored('not_an_answer');
  if (state.answerTaken) return ignored('duplicate');
  return went({ ...state, answerTaken: true }, [
    { type: 'media.answer', sdp },
    note(at, 'answer_received', { ageMs: at - timestamp }),
  ]);
}

/** What becomes of the agent in an answered call that it has not been put into yet. */
function onVoice(call: Call, state: AnsweringState, input: Input): Outcome {
  return followVoice(call, state, input, (endedBy, detail) =>
    endedBy === 'agent' ? completed('agent_hangup', 'agent', detail) : dropped('agent_lost', 'agent', detail),
  );
}
