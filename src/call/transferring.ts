import { noteAgent, recordAgent } from './chain.ts';
import type { Effect, TransferOutcome } from './effects.ts';
import type { Input } from './inputs.ts';
import { ignored, type Outcome, type Went, went } from './outcome.ts';
import type { CallPolicy } from './policy.ts';
import type { AgentVoice, Call, ConnectedState, Transfer } from './state.ts';

/*
 * A call is given to another agent while the one that has it goes on speaking. Each attempt has seats of its own, behind all
 * that the call ever had, so that what an agent says late is never taken for another's word. The chain of one that took over
 * is what follows it; one that did not leaves the chain before it as it was.
 */

/** Seeks the new agent. Its health and its limit are respected like those of an agent that others come after. */
export function beginTransfer(
  { policy }: Call,
  state: ConnectedState,
  { at, agents: [first, ...others] }: Extract<Input, { type: 'api.transfer' }>,
): Outcome {
  const { voice } = state;
  if (voice.kind === 'prompt') return ignored('no_agent_has_it');
  if (state.transfer !== null) return ignored('transfer_under_way');
  // A runtime answers the call itself, and it is answered.
  if (first === undefined || first.agent.wire === 'runtime') return ignored('cannot_take_over');
  const { agent, onLost } = first;
  const seat = policy.agents.length;
  const agents = [...policy.agents, { agent, onLost, begins: true } as const, ...others];
  const from = policy.agents[voice.seat]!.agent.name;
  return {
    state: { ...state, transfer: { seat, readyBy: at + agent.connectTimeoutMs } },
    agents,
    effects: [
      noteAgent({ ...policy, agents }, seat, at, 'transfer_started', { from }),
      { type: 'agent.prepare', seat, agent, reconnectAttempts: onLost.reconnectAttempts },
    ],
  };
}

/** What an input says of the agent that is to take over; null if it is not about it. */
export function onTransfer({ policy }: Call, state: ConnectedState, input: Input): Outcome | null {
  const { transfer } = state;
  if (transfer === null || !('seat' in input) || input.seat !== transfer.seat) return null;
  const { at } = input;
  const { seat } = transfer;
  switch (input.type) {
    case 'agent.ready': {
      const voice: AgentVoice = { kind: 'agent', seat, ready: true, met: true, readyBy: at, chainBy: at };
      return went({ ...state, voice, transfer: null }, [
        { type: 'agent.switch', seat },
        noteAgent(policy, seat, at, 'agent_ready', { connectMs: input.connectMs }),
        noteAgent(policy, seat, at, 'transferred', { from: nameOf(policy, state) }),
        recordAgent(policy, seat),
        over(seat, { type: 'transferred' }),
      ]);
    }
    case 'agent.failed':
      return went({ ...state, transfer: null }, failure(policy, transfer, at, input.code));
    default:
      return ignored('not_ready_yet');
  }
}

/** The time of the agent that is to take over may be up: the one before goes on then. */
export function expireTransfer(
  { policy }: Call,
  state: ConnectedState,
  at: number,
): Omit<Went, 'agents'> & {
  readonly state: ConnectedState;
} {
  const { transfer } = state;
  if (transfer === null || at < transfer.readyBy) return { state, effects: [] };
  const { seat } = transfer;
  return {
    state: { ...state, transfer: null },
    effects: [{ type: 'agent.drop', seat }, ...failure(policy, transfer, at, 'not_ready')],
  };
}

/**
 * The agent before is gone, or hung up, while the new one is sought: the call is the new one's. An agent that knows of its
 * transfer may well leave too early, and its caller is not to be lost for that.
 *
 * @param effects what led to it
 */
export function waitForNew(
  { policy }: Call,
  state: ConnectedState,
  { seat, readyBy }: Transfer,
  at: number,
  effects: readonly Effect[],
): Outcome {
  const chainBy = Math.max(readyBy, at + policy.recoveryTimeoutMs);
  const voice: AgentVoice = { kind: 'agent', seat, ready: false, met: false, readyBy, chainBy };
  return went({ ...state, voice, transfer: null }, [
    ...effects,
    { type: 'agent.switch', seat },
    noteAgent(policy, seat, at, 'transfer_waiting', { from: nameOf(policy, state) }),
    over(seat, { type: 'waiting' }),
  ]);
}

/** The call ends before the new agent was there. */
export function transferCutOff({ policy, state }: Call, at: number): readonly Effect[] {
  if (state.phase !== 'connected' || state.transfer === null) return [];
  return failure(policy, state.transfer, at, 'call_over');
}

type FailureCode = Extract<TransferOutcome, { type: 'failed' }>['code'];

function failure(policy: CallPolicy, { seat }: Transfer, at: number, code: FailureCode): Effect[] {
  return [noteAgent(policy, seat, at, 'transfer_failed', { code }), over(seat, { type: 'failed', code })];
}

function over(seat: number, outcome: TransferOutcome): Effect {
  return { type: 'transfer.over', seat, outcome };
}

function nameOf({ agents }: CallPolicy, { voice }: ConnectedState): string | null {
  return voice.kind === 'agent' ? agents[voice.seat]!.agent.name : null;
}
