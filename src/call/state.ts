import type { AgentFailure } from './agent-target.ts';
import type { AnsweringState, DiallingState, FollowingState } from './dial-state.ts';
import type { Ending } from './ending.ts';
import type { CallIdentity } from './identity.ts';
import type { Journal } from './journal.ts';
import type { CallPolicy } from './policy.ts';
import type { CallQuality } from './quality.ts';

/** One call at one moment. Never changed: `step` makes the next one. */
export interface Call {
  readonly identity: CallIdentity;
  readonly policy: CallPolicy;
  readonly state: CallState;
  readonly journal: Journal;
}

/**
 * Where a call is; each state holds only what exists in it. All times in Unix milliseconds; a field named `…By` is the
 * time by which something must have happened.
 *
 *     new -> offered -> pre-accepting -> waiting -> accepting -> connected -> draining -> ending -> ended
 *        -> launching -> launched -------------------------------------------------> ending -> ended
 *        -> offering -> placing -> [unsure] -> ringing -> [answering] -> connected -> draining -> ending -> ended
 *        -> following -------------------------------------------------------------> ending -> ended
 *
 * The second line is that of a runtime, which answers the call itself; a launch that fails may come to `offered`. The
 * third is that of a dial, the fourth of one whose client has the media.
 */
export type CallState =
  | NewState
  | LaunchingState
  | LaunchedState
  | OfferedState
  | PreAcceptingState
  | WaitingState
  | AcceptingState
  | DiallingState
  | AnsweringState
  | FollowingState
  | ConnectedState
  | DrainingState
  | EndingState
  | EndedState;

/** States in which an inbound call is not answered yet. */
export type UnansweredState = OfferedState | PreAcceptingState | WaitingState | AcceptingState;

/** States in which a media leg exists and nobody has ended the call. */
export type LiveState = UnansweredState | DiallingState | AnsweringState | ConnectedState | DrainingState;

/** Begun; nothing has come in yet. */
export interface NewState {
  readonly phase: 'new';
}

/** A runtime is asked to take the call. No leg is open, so that any agent of the chain can still have it. */
export interface LaunchingState {
  readonly phase: 'launching';
  readonly seat: number;
  readonly launchBy: number;
  readonly chainBy: number;
  /** For the leg, if an agent has the call after all that needs one. */
  readonly offer: string;
}

/** A runtime has the call, media and all; ours is to write down what Meta says of it. */
export interface LaunchedState {
  readonly phase: 'launched';
  /** Null after a restart, which does not know it. */
  readonly seat: number | null;
  readonly endBy: number;
}

/** The leg opens and the agent is dialled, side by side. */
export interface OfferedState {
  readonly phase: 'offered';
  readonly voice: Voice;
  /** A runtime was asked before, and may have pre-accepted the call without a word to us. */
  readonly launchTried: boolean;
  readonly mediaBy: number;
}

/** Graph has our answer SDP but has not said so yet; ICE may be ahead of its reply. */
export interface PreAcceptingState {
  readonly phase: 'pre-accepting';
  readonly voice: Voice;
  readonly sdp: string;
  readonly mediaConnected: boolean;
  readonly mediaBy: number;
  readonly graphBy: number;
}

/** Pre-accepted; media, the agent or both are not up yet. */
export interface WaitingState {
  readonly phase: 'waiting';
  readonly voice: Voice;
  readonly sdp: string;
  readonly mediaConnected: boolean;
  readonly mediaBy: number;
}

/** Everything is up; the result of accept is outstanding. */
export interface AcceptingState {
  readonly phase: 'accepting';
  readonly voice: Voice;
  readonly graphBy: number;
}

/** Answered: sound flows. */
export interface ConnectedState {
  readonly phase: 'connected';
  readonly voice: Voice;
  readonly sessionStartedAt: number;
  /** The policy's limit on the length, the prompt's, or none. */
  readonly endBy: number | null;
  /** Prompts that were asked for while an agent has the call: the first one plays, the others wait. */
  readonly announcements: readonly Announcement[];
  readonly transfer: Transfer | null;
}

/** A prompt that is played over an agent, which goes on after it. */
export interface Announcement {
  /** Of whoever asked for it. */
  readonly id: string;
  readonly prompt: string;
  /** What the agent had queued is thrown away rather than held. */
  readonly interrupt: boolean;
}

/** An agent that is to take the call over, sought beside the one that speaks. */
export interface Transfer {
  /** The new one's place in CallPolicy.agents; its own chain follows it. */
  readonly seat: number;
  /** When it counts as failed. */
  readonly readyBy: number;
}

/** The agent hung up and its last words are still playing. */
export interface DrainingState {
  readonly phase: 'draining';
  readonly seat: number;
  readonly sessionStartedAt: number;
  readonly ending: Ending;
  readonly drainedBy: number;
  /** What plays before the agent's last words do. */
  readonly announcements: readonly Announcement[];
}

/** The ending stands; Graph or the leg has not confirmed yet. */
export interface EndingState {
  readonly phase: 'ending';
  readonly ending: Ending;
  /** When the call ended, which is before everything about it was closed. */
  readonly endedAt: number;
  readonly sessionStartedAt: number | null;
  /** Meta's own figure, once its terminate gave it. */
  readonly metaDurationSeconds: number | null;
  readonly terminateSeen: boolean;
  readonly farewell: Farewell;
  readonly leg: Closing;
  readonly closedBy: number;
}

/** Over. */
export interface EndedState {
  readonly phase: 'ended';
  readonly ending: Ending;
  readonly terminateSeen: boolean;
  /**
   * Nobody had heard that it was picked up, which Meta's terminate may still say: before our terminate had arrived, or
   * while nobody watched. An accept of ours may have counted as well, whose answer was lost.
   */
  readonly pickupUnknown: boolean;
}

/** Who will speak to the caller, or does. */
export type Voice = AgentVoice | PromptVoice;

/** The agent whose turn it is in the chain. */
export interface AgentVoice {
  readonly kind: 'agent';
  /** Its place in CallPolicy.agents. */
  readonly seat: number;
  readonly ready: boolean;
  /** It was ready once; a loss is now what its AgentChoice.onLost is for. */
  readonly met: boolean;
  /** Unless it is ready: when it counts as failed. */
  readonly readyBy: number;
  /** Unless it is ready: when the whole search must be over; from the offer or the dial's name, then from the pickup or the loss. */
  readonly chainBy: number;
}

export interface PromptVoice {
  readonly kind: 'prompt';
  readonly prompt: string;
  /** Why the agent was lost that the prompt excuses; null if nobody had spoken to the caller. */
  readonly lost: AgentFailure | null;
}

/**
 * What Graph must still hear of the end. Graph refuses an action while another is in progress (meta-calling.md §2.1), so
 * a terminate waits for the result of our own accept, and it is said with the call's name, so it waits for that of a dial.
 */
export type Farewell =
  /** It knows, or never will. */
  | { readonly step: 'done' }
  | { readonly step: 'rejecting'; readonly preAccept: 'unsent' | 'pending' | 'answered' }
  /** Reject was refused while pre_accept was under way: once that has its result, terminate. */
  | { readonly step: 'terminate_after_pre_accept' }
  | { readonly step: 'terminate_after_accept' }
  /** A dial that Graph may have placed. It ends without a word if no name has come until then. */
  | { readonly step: 'terminate_when_named'; readonly watchBy: number }
  | { readonly step: 'terminating' };

/** The leg on its way out. `quality` stays null if the leg never told. */
export interface Closing {
  readonly pending: boolean;
  readonly quality: CallQuality | null;
}
