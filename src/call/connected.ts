import { endCall } from './closing.ts';
import type { Effect } from './effects.ts';
import { completed, dropped, type Ending } from './ending.ts';
import { waitAgain } from './hearing.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { onLive } from './live.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import { agentLost, onAgent, PROMPT_CAP_MS } from './recovery.ts';
import type { Call, ConnectedState, DrainingState, PromptVoice, Voice } from './state.ts';

/** Accept succeeded: opens the gate and lets the voice speak. `notes` are the lines that led here. */
export function connect({ policy }: Call, voice: Voice, at: number, notes: readonly Effect[]): Outcome {
  const byPolicy = policy.maxDurationMs === null ? null : at + policy.maxDurationMs;
  const endBy = voice.kind === 'prompt' ? Math.min(at + PROMPT_CAP_MS, byPolicy ?? Infinity) : byPolicy;
  const [speak, started]: [Effect, string] =
    voice.kind === 'agent'
      ? [{ type: 'agent.start' }, 'agent_started']
      : [{ type: 'media.play', prompt: voice.prompt }, 'prompt_started'];
  // An agent that was lost while accept was under way has the time of an answered call.
  const heard =
    voice.kind === 'agent' && !voice.ready
      ? waitAgain(policy, { ...voice, chainBy: at + policy.recoveryTimeoutMs }, at, true)
      : voice;
  return went({ phase: 'connected', voice: heard, sessionStartedAt: at, endBy }, [
    { type: 'media.ungate' },
    speak,
    { type: 'log.update', patch: { status: 'answered', sessionStartedAt: at } },
    ...notes,
    note(at, started),
  ]);
}

/** The conversation. */
export function onConnected(call: Call, state: ConnectedState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'media.prompt_done':
      if (state.voice.kind !== 'prompt' || input.prompt !== state.voice.prompt) return ignored('not_outstanding');
      return endCall(call, {
        at,
        ending: promptEnding(state.voice, input.played ? null : 'not_played'),
        notes: [note(at, 'prompt_done', { played: input.played })],
      });
    case 'media.silent':
      return endCall(call, {
        at,
        ending: dropped('media_silent', 'bridge'),
        notes: [note(at, 'media_silent', { silentMs: input.silentMs })],
      });
    case 'timer':
      if (state.endBy !== null && at >= state.endBy) return endCall(call, { at, ending: timeIsUp(call, state) });
      return onAgent(call, state, input);
    default:
      return onAgent(call, state, input);
  }
}

/** The agent's last words. Its ending stands unless somebody else ends the call first; a broken leg now breaks nothing. */
export function onDraining(call: Call, state: DrainingState, input: Input): Outcome {
  const { at } = input;
  const { ending } = state;
  switch (input.type) {
    case 'media.drained':
      return endCall(call, { at, ending, notes: [note(at, 'drained')] });
    case 'timer':
      return endCall(call, { at, ending, notes: [note(at, 'drain_timed_out')] });
    case 'media.silent':
      return endCall(call, { at, ending });
    case 'media.failed': {
      const leg = input.code === 'thread_died' ? { leg: { pending: false, quality: null } } : {};
      return endCall(call, { at, ending, notes: [note(at, 'media_failed', { code: input.code })], ...leg });
    }
    case 'media.closed':
      return endCall(call, { at, ending, leg: { pending: false, quality: input.quality } });
    default:
      return onLive(call, state, input);
  }
}

function timeIsUp({ policy }: Call, { voice, sessionStartedAt, endBy }: ConnectedState) {
  const byPolicy = policy.maxDurationMs !== null && endBy === sessionStartedAt + policy.maxDurationMs;
  return voice.kind === 'agent' || byPolicy ? completed('max_duration', 'bridge') : promptEnding(voice, 'timed_out');
}

/** A prompt that excuses a lost agent does not make the call a better one. */
function promptEnding({ lost }: PromptVoice, detail: string | null): Ending {
  return lost === null ? completed('prompt_played', 'bridge', detail) : agentLost(lost);
}
