import type { AgentTarget, RuntimeAgent } from './agent-target.ts';
import type { Effect, LogEffect, TimelineEvent } from './effects.ts';
import { note } from './journal.ts';
import type { CallPolicy } from './policy.ts';
import type { AgentVoice } from './state.ts';

/*
 * The chain of agents of one call: who comes after whom, and how long each of them is waited for. It is only ever walked
 * forwards.
 */

/** Who came of a search in the chain, and what is to be done; nobody if the chain is at its end or the time over. */
export interface Hop {
  readonly voice: AgentVoice | null;
  readonly effects: readonly Effect[];
}

/** Dials the first agent from the seat `from` on that can have a call whose leg is open. */
export function dialFrom(policy: CallPolicy, from: number, at: number, chainBy: number): Hop {
  const skipped: Effect[] = [];
  const end = endOfChain(policy, from - 1);
  for (let seat = from; seat < end && at < chainBy; seat += 1) {
    const { agent } = policy.agents[seat]!;
    if (agent.wire !== 'runtime') {
      const { voice, effects } = dial(policy, seat, agent, at, chainBy);
      return { voice, effects: [...skipped, ...effects] };
    }
    // A runtime answers the call itself, and here Meta has our answer already, or is about to.
    skipped.push(noteAgent(policy, seat, at, 'agent_skipped', { why: 'media_is_ours' }));
  }
  return { voice: null, effects: skipped };
}

/** Dials the agent of a seat. It has its own connect deadline at most, and no more than its share of the time. */
export function dial(
  policy: CallPolicy,
  seat: number,
  agent: Exclude<AgentTarget, RuntimeAgent>,
  at: number,
  chainBy: number,
): { readonly voice: AgentVoice; readonly effects: readonly Effect[] } {
  const readyBy = Math.min(at + agent.connectTimeoutMs, shareOf(policy, seat, at, chainBy));
  const { reconnectAttempts } = policy.agents[seat]!.onLost;
  return {
    voice: { kind: 'agent', seat, ready: false, met: false, readyBy, chainBy },
    effects: [
      noteAgent(policy, seat, at, 'agent_connecting'),
      { type: 'agent.connect', seat, agent, reconnectAttempts, last: followers(policy, seat) === 0 },
    ],
  };
}

/**
 * Until when a seat may take the others' time: what is left, split evenly among it and those that could still come after
 * it. One that fails early leaves more to them.
 */
export function shareOf(policy: CallPolicy, seat: number, at: number, chainBy: number): number {
  return at + Math.floor((chainBy - at) / (1 + followers(policy, seat)));
}

/** How many could still have the call after this seat: once a leg is open, no runtime can. */
export function followers(policy: CallPolicy, seat: number): number {
  const { agents } = policy;
  const others = agents.slice(seat + 1, endOfChain(policy, seat));
  const launches = agents[seat]!.agent.wire === 'runtime';
  return launches ? others.length : others.filter(({ agent }) => agent.wire !== 'runtime').length;
}

/** Behind whom nobody comes after this seat: a transfer begins a chain of its own. */
function endOfChain({ agents }: CallPolicy, seat: number): number {
  const next = agents.findIndex(({ begins }, index) => index > seat && begins === true);
  return next === -1 ? agents.length : next;
}

/** A line of the timeline about the agent of a seat. */
export function noteAgent(
  policy: CallPolicy,
  seat: number,
  at: number,
  type: string,
  data: TimelineEvent['data'] = {},
): LogEffect {
  return note(at, type, { agent: policy.agents[seat]!.agent.name, seat, ...data });
}

/** The record names this agent from now on. */
export function recordAgent(policy: CallPolicy, seat: number): Extract<LogEffect, { type: 'log.update' }> {
  const { id, name } = policy.agents[seat]!.agent;
  return { type: 'log.update', patch: { agent: { id, name } } };
}
