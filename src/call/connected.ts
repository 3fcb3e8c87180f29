import { endCall } from './closing.ts';
import type { Effect } from './effects.ts';
import { completed, dropped } from './ending.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { onLive } from './live.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Call, ConnectedState, DrainingState, Voice } from './state.ts';
import { noteHangup, noteReconnecting, wordOf } from './voice.ts';

/** A prompt says one thing and ends; if the media thread never says that it did, the call must not stay up. */
const PROMPT_CAP_MS = 120_000;

/** Accept succeeded: opens the gate and lets the voice speak. `notes` are the lines that led here. */
export function connect({ policy }: Call, voice: Voice, at: number, notes: readonly Effect[]): Outcome {
  const byPolicy = policy.maxDurationMs === null ? null : at + policy.maxDurationMs;
  const endBy = voice.kind === 'prompt' ? Math.min(at + PROMPT_CAP_MS, byPolicy ?? Infinity) : byPolicy;
  const [speak, started]: [Effect, string] =
    voice.kind === 'agent'
      ? [{ type: 'agent.start' }, 'agent_started']
      : [{ type: 'media.play', prompt: voice.prompt }, 'prompt_started'];
  return went({ phase: 'connected', voice, sessionStartedAt: at, endBy }, [
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
    case 'agent.ready':
    case 'agent.reconnecting':
    case 'agent.failed':
    case 'agent.hangup':
      return state.voice.kind === 'agent' ? onAgent(call, state, state.voice, input) : ignored('agent_given_up');
    case 'media.prompt_done':
      if (state.voice.kind !== 'prompt' || input.prompt !== state.voice.prompt) return ignored('not_outstanding');
      return endCall(call, {
        at,
        ending: completed('prompt_played', 'bridge', input.played ? null : 'not_played'),
        notes: [note(at, 'prompt_done', { played: input.played })],
      });
    case 'media.silent':
      return endCall(call, {
        at,
        ending: dropped('media_silent', 'bridge'),
        notes: [note(at, 'media_silent', { silentMs: input.silentMs })],
      });
    case 'timer':
      return endCall(call, { at, ending: timeIsUp(call, state) });
    default:
      return onLive(call, state, input);
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

type AgentEvent = Extract<Input, { type: 'agent.ready' | 'agent.reconnecting' | 'agent.failed' | 'agent.hangup' }>;
type AgentVoice = Extract<Voice, { kind: 'agent' }>;

function onAgent(call: Call, state: ConnectedState, voice: AgentVoice, input: AgentEvent): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'agent.ready':
      if (voice.ready) return ignored('duplicate');
      return went({ ...state, voice: { ...voice, ready: true } }, [
        note(at, 'agent_ready', { connectMs: input.connectMs }),
      ]);
    case 'agent.reconnecting':
      return went({ ...state, voice: { ...voice, ready: false } }, [noteReconnecting(at, input.attempt, input.code)]);
    case 'agent.failed':
      return endCall(call, {
        at,
        ending: dropped('agent_lost', 'agent', input.code),
        notes: [note(at, 'agent_failed', { code: input.code })],
      });
    case 'agent.hangup': {
      const ending = completed('agent_hangup', 'agent', wordOf(input.reason));
      const notes = [noteHangup(at, input.drain)];
      if (!input.drain) return endCall(call, { at, ending, notes });
      const { sessionStartedAt } = state;
      const drainedBy = at + call.policy.drainTimeoutMs;
      return went({ phase: 'draining', sessionStartedAt, ending, drainedBy }, [{ type: 'media.drain' }, ...notes]);
    }
    default:
      return input satisfies never;
  }
}

function timeIsUp({ policy }: Call, { voice, sessionStartedAt, endBy }: ConnectedState) {
  const byPolicy = policy.maxDurationMs !== null && endBy === sessionStartedAt + policy.maxDurationMs;
  return voice.kind === 'agent' || byPolicy
    ? completed('max_duration', 'bridge')
    : completed('prompt_played', 'bridge', 'timed_out');
}
