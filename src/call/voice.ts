import type { Effect } from './effects.ts';
import { type EndedBy, rejected } from './ending.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import type { CallPolicy } from './policy.ts';
import type { Voice } from './state.ts';

/** What an input does to the voice of a call that is not answered yet. */
export type VoiceChange =
  /** The input does not concern the voice. */
  | { readonly type: 'none' }
  | { readonly type: 'ignored'; readonly reason: string }
  | { readonly type: 'changed'; readonly voice: Voice; readonly effects: readonly Effect[] }
  /** Nobody will speak: the call must be refused. */
  | {
      readonly type: 'unavailable';
      readonly endedBy: EndedBy;
      readonly detail: string | null;
      readonly effects: readonly Effect[];
    };

/** Follows the agent until the call is answered; when it is not to be had, the policy decides what comes instead. */
export function changeVoice(policy: CallPolicy, voice: Voice, input: Input): VoiceChange {
  const { at } = input;
  switch (input.type) {
    case 'agent.ready':
    case 'agent.reconnecting':
    case 'agent.failed':
    case 'agent.hangup':
      if (voice.kind === 'prompt') return { type: 'ignored', reason: 'agent_given_up' };
      break;
    case 'timer':
      if (voice.kind === 'prompt' || voice.ready || at < voice.readyBy) return { type: 'none' };
      break;
    default:
      return { type: 'none' };
  }
  switch (input.type) {
    case 'agent.ready':
      if (voice.ready) return { type: 'ignored', reason: 'duplicate' };
      return changed({ ...voice, ready: true }, [note(at, 'agent_ready', { connectMs: input.connectMs })]);
    case 'agent.reconnecting':
      return changed({ ...voice, ready: false }, [noteReconnecting(at, input.attempt, input.code)]);
    case 'agent.hangup':
      // It declined the call, which the policy for an agent that cannot be had does not cover.
      return {
        type: 'unavailable',
        endedBy: 'agent',
        detail: wordOf(input.reason),
        effects: [noteHangup(at, input.drain)],
      };
    case 'agent.failed':
      return giveUp(policy, input.code, [note(at, 'agent_failed', { code: input.code })], []);
    case 'timer':
      return giveUp(
        policy,
        'not_ready',
        [note(at, 'agent_failed', { code: 'not_ready' })],
        [{ type: 'agent.close', ending: rejected('agent_unavailable', 'bridge', 'not_ready') }],
      );
    default:
      return input satisfies never;
  }
}

export function noteReconnecting(at: number, attempt: number, code: string): Effect {
  return note(at, 'agent_reconnecting', { attempt, code });
}

export function noteHangup(at: number, drain: boolean): Effect {
  return note(at, 'agent_hangup', { drain });
}

/** An agent's reason for hanging up if it is a plain word; a sentence may hold what must not be logged. */
export function wordOf(reason: string | null): string | null {
  return reason !== null && /^[a-z][a-z_.-]{0,39}$/i.test(reason) ? reason : null;
}

function giveUp(policy: CallPolicy, code: string, notes: readonly Effect[], closing: readonly Effect[]): VoiceChange {
  const { onAgentUnavailable } = policy;
  switch (onAgentUnavailable.action) {
    case 'reject':
      return { type: 'unavailable', endedBy: 'bridge', detail: code, effects: notes };
    case 'prompt':
      return changed({ kind: 'prompt', prompt: onAgentUnavailable.prompt }, [...notes, ...closing]);
    default:
      return onAgentUnavailable satisfies never;
  }
}

function changed(voice: Voice, effects: readonly Effect[]): VoiceChange {
  return { type: 'changed', voice, effects };
}
