import type { AgentTarget } from './agent-target.ts';
import type { Call } from './state.ts';

/** Who has a call at the moment, and whether it is answered. */
export interface Standing {
  /** Null: nobody, a prompt, a client, or a runtime that a process before this one had given it. */
  readonly holder: { readonly seat: number; readonly agent: AgentTarget } | null;
  /** Unix milliseconds; null before, and where a runtime answers, or nobody saw it. Of a dial: when the user picked up. */
  readonly answeredAt: number | null;
  /** A runtime or a client has its media. */
  readonly elsewhere: boolean;
  /** The holder is connected and has not hung up. */
  readonly agentReady: boolean;
  /** The person is on the line, in our media. */
  readonly onLine: boolean;
  /** They are on it with an agent, or one is sought for them. */
  readonly conversation: Conversation | null;
}

/** How a conversation with agents stands. */
export interface Conversation {
  /** Prompts that play or wait. */
  readonly announcements: number;
  /** Of the agent that is to take over; null: none is. */
  readonly transferSeat: number | null;
}

/** Null for a call that is over or about to be. */
export function standingOf(call: Call): Standing | null {
  const { state, policy } = call;
  if (state.phase === 'ending' || state.phase === 'ended') return null;
  const seat = seatOf(state);
  const choice = seat === null ? undefined : policy.agents[seat];
  return {
    holder: seat === null || choice === undefined ? null : { seat, agent: choice.agent },
    answeredAt: 'sessionStartedAt' in state ? state.sessionStartedAt : null,
    elsewhere: isLaunched(call),
    agentReady: 'voice' in state && state.voice.kind === 'agent' && state.voice.ready,
    onLine: state.phase === 'connected' || state.phase === 'draining',
    conversation: conversationOf(state),
  };
}

/** Whether a runtime or a client has the call's media, so that it does not need this process. */
export function isLaunched({ state }: Call): boolean {
  return state.phase === 'launched' || state.phase === 'following';
}

/** A dial that has ended but for Graph, which can only be told once the call has a name. */
export function lacksOnlyName({ state }: Call): boolean {
  return state.phase === 'ending' && state.farewell.step === 'terminate_when_named' && !state.leg.pending;
}

function conversationOf(state: Call['state']): Conversation | null {
  if (state.phase !== 'connected' || state.voice.kind !== 'agent') return null;
  const { announcements, transfer } = state;
  return { announcements: announcements.length, transferSeat: transfer?.seat ?? null };
}

function seatOf(state: Call['state']): number | null {
  if ('voice' in state) return state.voice.kind === 'agent' ? state.voice.seat : null;
  return 'seat' in state ? state.seat : null;
}
