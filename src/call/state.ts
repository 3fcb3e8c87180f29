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
 *
 * An outbound call will have its own states in place of offered to accepting, and share the rest.
 */
export type CallState =
  | NewState
  | OfferedState
  | PreAcceptingState
  | WaitingState
  | AcceptingState
  | ConnectedState
  | DrainingState
  | EndingState
  | EndedState;

/** States in which an inbound call is not answered yet. */
export type UnansweredState = OfferedState | PreAcceptingState | WaitingState | AcceptingState;

/** States in which a media leg exists and nobody has ended the call. */
export type LiveState = UnansweredState | ConnectedState | DrainingState;

/** Begun; nothing has come in yet. */
export interface NewState {
  readonly phase: 'new';
}

/** The leg opens and the agent is dialled, side by side. */
export interface OfferedState {
  readonly phase: 'offered';
  readonly voice: Voice;
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
}

/** The agent hung up and its last words are still playing. */
export interface DrainingState {
  readonly phase: 'draining';
  readonly sessionStartedAt: number;
  readonly ending: Ending;
  readonly drainedBy: number;
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
}

/** Who will speak to the caller. `readyBy` counts from the offer. */
export type Voice =
  | { readonly kind: 'agent'; readonly ready: boolean; readonly readyBy: number }
  | { readonly kind: 'prompt'; readonly prompt: string };

/**
 * What Graph must still hear of the end. Graph refuses an action while another is in progress (meta-calling.md §2.1), so
 * a terminate waits for the result of our own accept.
 */
export type Farewell =
  /** It knows, or never will. */
  | { readonly step: 'done' }
  | { readonly step: 'rejecting'; readonly preAccept: 'unsent' | 'pending' | 'answered' }
  /** Reject was refused while pre_accept was under way: once that has its result, terminate. */
  | { readonly step: 'terminate_after_pre_accept' }
  | { readonly step: 'terminate_after_accept' }
  | { readonly step: 'terminating' };

/** The leg on its way out. `quality` stays null if the leg never told. */
export interface Closing {
  readonly pending: boolean;
  readonly quality: CallQuality | null;
}
