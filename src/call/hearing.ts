import type { AgentFailure } from './agent-target.ts';
import { noteAgent, recordAgent, shareOf } from './chain.ts';
import type { Effect } from './effects.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import type { CallPolicy } from './policy.ts';
import type { AgentVoice, Voice } from './state.ts';

/** What an input says of the agent whose turn it is. `effects` are the lines and records of it, and change nothing. */
export type Word =
  /** It is not about the agent. */
  | { readonly type: 'none' }
  | { readonly type: 'ignored'; readonly reason: string }
  | { readonly type: 'changed'; readonly voice: AgentVoice; readonly effects: readonly Effect[] }
  | Gone
  | {
      readonly type: 'hangup';
      readonly seat: number;
      readonly drain: boolean;
      readonly reason: string | null;
      readonly effects: readonly Effect[];
    };

/** The agent is not to be had, or not any more. */
export interface Gone {
  readonly type: 'gone';
  readonly seat: number;
  readonly code: AgentFailure;
  /** It was ready before. */
  readonly met: boolean;
  /** It did not go by itself: if the call goes on, it must be let go. */
  readonly late: boolean;
  /** How long another one may be looked for. */
  readonly chainBy: number;
  readonly effects: readonly Effect[];
}

/**
 * Follows the agent, in a call that is `answered` or rings. What must come in place of one that is gone is for the caller
 * to say.
 */
export function hear(policy: CallPolicy, voice: Voice, input: Input, answered: boolean): Word {
  const { at } = input;
  switch (input.type) {
    case 'agent.ready':
    case 'agent.reconnecting':
    case 'agent.failed':
    case 'agent.hangup':
      if (voice.kind === 'prompt') return { type: 'ignored', reason: 'agent_given_up' };
      if (voice.seat !== input.seat) return { type: 'ignored', reason: 'another_agent' };
      break;
    case 'timer':
      if (voice.kind === 'prompt' || voice.ready || at < voice.readyBy) return { type: 'none' };
      break;
    default:
      return { type: 'none' };
  }
  const { seat } = voice;
  switch (input.type) {
    case 'agent.ready': {
      if (voice.ready) return { type: 'ignored', reason: 'duplicate' };
      const ready = noteAgent(policy, seat, at, 'agent_ready', { connectMs: input.connectMs });
      // The record was begun with the first of the chain.
      const effects = seat === 0 || voice.met ? [ready] : [ready, recordAgent(policy, seat)];
      return { type: 'changed', voice: { ...voice, ready: true, met: true }, effects };
    }
    case 'agent.reconnecting': {
      const { attempt, code } = input;
      const noted = noteAgent(policy, seat, at, 'agent_reconnecting', { attempt, code });
      return { type: 'changed', voice: voice.ready ? waitAgain(policy, voice, at, answered) : voice, effects: [noted] };
    }
    case 'agent.hangup': {
      const { drain, reason } = input;
      return { type: 'hangup', seat, drain, reason, effects: [note(at, 'agent_hangup', { drain })] };
    }
    case 'agent.failed':
      return gone(policy, voice, at, answered, input.code, false);
    case 'timer':
      return gone(policy, voice, at, answered, 'not_ready', true);
    default:
      return input satisfies never;
  }
}

/** The agent is lost but may come back by itself. */
export function waitAgain(policy: CallPolicy, voice: AgentVoice, at: number, answered: boolean): AgentVoice {
  const chainBy = searchBy(policy, voice, at, answered);
  // Where nobody would come after it, all the time is its own.
  const alone = answered && voice.met && policy.agents[voice.seat]!.onLost.then.action !== 'next';
  const readyBy = alone ? chainBy : shareOf(policy, voice.seat, at, chainBy);
  return { ...voice, ready: false, readyBy, chainBy };
}

function gone(
  policy: CallPolicy,
  voice: AgentVoice,
  at: number,
  answered: boolean,
  code: AgentFailure,
  late: boolean,
): Gone {
  const { seat, met } = voice;
  const chainBy = searchBy(policy, voice, at, answered);
  return {
    type: 'gone',
    seat,
    code,
    met,
    late,
    chainBy,
    effects: [noteAgent(policy, seat, at, 'agent_failed', { code })],
  };
}

/** The search that is on ends when it was to; a loss in conversation begins one. */
function searchBy(policy: CallPolicy, voice: AgentVoice, at: number, answered: boolean): number {
  return answered && voice.ready ? at + policy.recoveryTimeoutMs : voice.chainBy;
}

/** An agent's reason for hanging up if it is a plain word; a sentence may hold what must not be logged. */
export function wordOf(reason: string | null): string | null {
  return reason !== null && /^[a-z][a-z_.-]{0,39}$/i.test(reason) ? reason : null;
}
