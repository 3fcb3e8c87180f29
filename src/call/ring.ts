import type { AgentFailure } from './agent-target.ts';
import { dial, followers, noteAgent, shareOf } from './chain.ts';
import { endCall } from './closing.ts';
import type { Effect } from './effects.ts';
import { rejected } from './ending.ts';
import { type Outcome, went } from './outcome.ts';
import type { CallPolicy } from './policy.ts';
import type { Call, Voice } from './state.ts';

/** A call without a leg, and how far its chain was walked. */
export interface Ringing {
  readonly at: number;
  readonly offer: string;
  /** The seat whose turn it is. */
  readonly seat: number;
  readonly chainBy: number;
  /** Why the runtime before did not take the call; null at the beginning. */
  readonly failure: AgentFailure | null;
  /** Lines that say what led here. */
  readonly notes: readonly Effect[];
}

/** Gives the call to the agent whose turn it is: to a runtime as it is, to any other with a leg. */
export function ring(call: Call, ringing: Ringing): Outcome {
  const { policy } = call;
  const { at, offer, seat, chainBy, notes } = ringing;
  const choice = at < chainBy ? policy.agents[seat] : undefined;
  if (choice === undefined) return nobody(call, ringing);
  const { agent } = choice;
  if (agent.wire === 'runtime') {
    const launchBy = Math.min(at + agent.connectTimeoutMs, shareOf(policy, seat, at, chainBy));
    return went({ phase: 'launching', seat, launchBy, chainBy, offer }, [
      ...notes,
      noteAgent(policy, seat, at, 'agent_launching'),
      { type: 'agent.launch', seat, agent, timeoutMs: launchBy - at, last: followers(policy, seat) === 0 },
    ]);
  }
  const { voice, effects } = dial(policy, seat, agent, at, chainBy);
  return openLeg(policy, ringing, voice, effects);
}

function nobody(call: Call, ringing: Ringing): Outcome {
  const { policy } = call;
  const { at, failure, notes } = ringing;
  const { onAgentUnavailable } = policy;
  switch (onAgentUnavailable.action) {
    case 'reject': {
      const ending =
        failure === null ? rejected('no_agent', 'bridge') : rejected('agent_unavailable', 'bridge', failure);
      return endCall(call, { at, ending, notes });
    }
    case 'prompt':
      return openLeg(policy, ringing, { kind: 'prompt', prompt: onAgentUnavailable.prompt, lost: null }, []);
    default:
      return onAgentUnavailable satisfies never;
  }
}

function openLeg(
  policy: CallPolicy,
  { at, offer, failure, notes }: Ringing,
  voice: Voice,
  effects: readonly Effect[],
): Outcome {
  const { mediaTimeoutMs, firstMediaTimeoutMs, mediaGapTimeoutMs } = policy;
  return went({ phase: 'offered', voice, launchTried: failure !== null, mediaBy: at + mediaTimeoutMs }, [
    ...notes,
    { type: 'media.open', offer, firstMediaTimeoutMs, mediaGapTimeoutMs },
    ...effects,
  ]);
}
