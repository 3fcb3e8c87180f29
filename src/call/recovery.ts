import type { AgentFailure } from './agent-target.ts';
import { cutShort, unplayed } from './announcing.ts';
import { dialFrom } from './chain.ts';
import { endCall } from './closing.ts';
import type { Effect } from './effects.ts';
import { completed, dropped } from './ending.ts';
import { type Gone, hear, type Word, wordOf } from './hearing.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { onLive } from './live.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { CallPolicy } from './policy.ts';
import type { Call, ConnectedState } from './state.ts';
import { waitForNew } from './transferring.ts';

/** A prompt says one thing and ends; if the media thread never says that it did, the call must not stay up. */
export const PROMPT_CAP_MS = 120_000;

/** Follows the agent of an answered call; the rest is the same in every live phase. */
export function onAgent(call: Call, state: ConnectedState, input: Input): Outcome {
  const word = hear(call.policy, state.voice, input, true);
  switch (word.type) {
    case 'none':
      return onLive(call, state, input);
    case 'ignored':
      return ignored(word.reason);
    case 'changed':
      return went({ ...state, voice: word.voice }, word.effects);
    case 'hangup':
      if (state.transfer !== null) return waitForNew(call, state, state.transfer, input.at, word.effects);
      return onHangup(call, state, input.at, word);
    case 'gone':
      if (state.transfer !== null) return waitForNew(call, state, state.transfer, input.at, word.effects);
      return replace(call, state, input.at, word);
    default:
      return word satisfies never;
  }
}

type Hangup = Extract<Word, { type: 'hangup' }>;

function onHangup(call: Call, state: ConnectedState, at: number, { seat, drain, reason, effects }: Hangup): Outcome {
  const ending = completed('agent_hangup', 'agent', wordOf(reason));
  if (!drain) return endCall(call, { at, ending, notes: effects });
  const { sessionStartedAt, announcements } = state;
  const drainedBy = at + call.policy.drainTimeoutMs;
  const playing = announcements.slice(0, 1);
  return went({ phase: 'draining', seat, sessionStartedAt, ending, drainedBy, announcements: playing }, [
    { type: 'media.drain' },
    ...effects,
    ...unplayed(announcements.slice(1), at),
  ]);
}

/** Somebody else must speak, or the call ends as the one that lost its agent, at once or after a word of excuse. */
function replace(call: Call, state: ConnectedState, at: number, gone: Gone): Outcome {
  const { policy } = call;
  const { seat, code, late, chainBy, effects } = gone;
  const letGo: Effect[] = late ? [{ type: 'agent.close', ending: agentLost(code) }] : [];
  const then = whatFollows(policy, gone);
  switch (then.action) {
    case 'next': {
      const hop = dialFrom(policy, seat + 1, at, chainBy);
      if (hop.voice !== null) return went({ ...state, voice: hop.voice }, [...effects, ...letGo, ...hop.effects]);
      const { onAgentUnavailable } = policy;
      const told = [...effects, ...hop.effects];
      if (onAgentUnavailable.action === 'reject') return endCall(call, { at, ending: agentLost(code), notes: told });
      return excuse(state, at, onAgentUnavailable.prompt, code, [...told, ...letGo]);
    }
    case 'prompt':
      return excuse(state, at, then.prompt, code, [...effects, ...letGo]);
    case 'end':
      return endCall(call, { at, ending: agentLost(code), notes: effects });
    default:
      return then satisfies never;
  }
}

/** One that never was ready was only on trial: its own rule is for the call that it had. */
function whatFollows(policy: CallPolicy, { seat, met }: Gone) {
  return met ? policy.agents[seat]!.onLost.then : ({ action: 'next' } as const);
}

function excuse(
  state: ConnectedState,
  at: number,
  prompt: string,
  lost: AgentFailure,
  effects: readonly Effect[],
): Outcome {
  const endBy = Math.min(at + PROMPT_CAP_MS, state.endBy ?? Infinity);
  return went({ ...state, voice: { kind: 'prompt', prompt, lost }, endBy, announcements: [] }, [
    ...effects,
    ...cutShort(state.announcements, at),
    { type: 'media.play', prompt },
    note(at, 'prompt_started'),
  ]);
}

export function agentLost(code: AgentFailure) {
  return dropped('agent_lost', 'agent', code);
}
