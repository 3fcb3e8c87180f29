import { announce, announced } from './announcing.ts';
import { endCall } from './closing.ts';
import type { Effect } from './effects.ts';
import { completed, dropped, type Ending } from './ending.ts';
import { waitAgain } from './hearing.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { onLive } from './live.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { CallPolicy } from './policy.ts';
import { agentLost, onAgent, PROMPT_CAP_MS } from './recovery.ts';
import type { Call, ConnectedState, DrainingState, PromptVoice, Voice } from './state.ts';
import { beginTransfer, expireTransfer, onTransfer } from './transferring.ts';

/** Somebody has picked up: what is needed to let the voice speak. Times in Unix milliseconds. */
export interface Pickup {
  readonly voice: Voice;
  readonly at: number;
  readonly sessionStartedAt: number;
}

/** The call is answered: opens the gate and lets the voice speak. `notes` are the lines that led here. */
export function connect(
  call: Call,
  voice: Voice,
  at: number,
  notes: readonly Effect[],
  sessionStartedAt = at,
): Outcome {
  const pickup = { voice: answeredVoice(call.policy, voice, at), at, sessionStartedAt };
  return openGate(call, pickup, [answeredPatch(sessionStartedAt), ...notes]);
}

/** The same for a call whose record says already that it is answered. */
export function openGate({ policy }: Call, pickup: Pickup, notes: readonly Effect[]): Outcome {
  const { voice, at, sessionStartedAt } = pickup;
  const byPolicy = policy.maxDurationMs === null ? null : sessionStartedAt + policy.maxDurationMs;
  const endBy = voice.kind === 'prompt' ? Math.min(at + PROMPT_CAP_MS, byPolicy ?? Infinity) : byPolicy;
  const [speak, started]: [Effect, string] =
    voice.kind === 'agent'
      ? [{ type: 'agent.start' }, 'agent_started']
      : [{ type: 'media.play', prompt: voice.prompt }, 'prompt_started'];
  return went({ phase: 'connected', voice, sessionStartedAt, endBy, announcements: [], transfer: null }, [
    { type: 'media.ungate' },
    speak,
    ...notes,
    note(at, started),
  ]);
}

/** An agent that is not ready when the call is answered has the time of an answered call from then on. */
export function answeredVoice(policy: CallPolicy, voice: Voice, at: number): Voice {
  if (voice.kind === 'prompt' || voice.ready) return voice;
  return waitAgain(policy, { ...voice, chainBy: at + policy.recoveryTimeoutMs }, at, true);
}

export function answeredPatch(at: number): Effect {
  return { type: 'log.update', patch: { status: 'answered', sessionStartedAt: at } };
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
    case 'api.announce':
      return announce(state, input);
    case 'media.announced':
      return announced(state, input);
    case 'api.transfer':
      return beginTransfer(call, state, input);
    case 'timer':
      if (state.endBy !== null && at >= state.endBy) return endCall(call, { at, ending: timeIsUp(call, state) });
      return onTime(call, state, input);
    default:
      return onTransfer(call, state, input) ?? onAgent(call, state, input);
  }
}

/** Both agents' times may be up at once. */
function onTime(call: Call, state: ConnectedState, input: Extract<Input, { type: 'timer' }>): Outcome {
  const { state: alone, effects } = expireTransfer(call, state, input.at);
  const outcome = onAgent({ ...call, state: alone }, alone, input);
  if ('ignored' in outcome) return effects.length === 0 ? outcome : went(alone, effects);
  return { ...outcome, effects: [...effects, ...outcome.effects] };
}

/** The agent's last words. Its ending stands unless somebody else ends the call first; a broken leg now breaks nothing. */
export function onDraining(call: Call, state: DrainingState, input: Input): Outcome {
  const { at } = input;
  const { ending } = state;
  switch (input.type) {
    case 'media.announced':
      return announced(state, input);
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
