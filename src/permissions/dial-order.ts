import type { RequestTemplate } from './number-dial-rules.ts';
import type { UserRef } from './pair-state.ts';

/** Where a dial that is not placed yet stands. */
export type WaitingState = 'scheduled' | 'awaiting_permission' | 'quiet_hours';

/** What a dial was asked to do, kept until it is placed. Ids are those of its call record. */
export interface DialOrder {
  /** Our own id of the call, from its first moment. */
  readonly id: string;
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string | null;
  readonly user: UserRef;
  readonly voiceAgentId: string | null;
  readonly ringTimeoutMs: number | null;
  /** Given to the agent as parameters of the call. */
  readonly context: Readonly<Record<string, string>>;
  /** The client's own; what Graph is given is ours (`CallIdentity`). */
  readonly bizOpaqueCallbackData: string | null;
  readonly permission: { readonly mode: 'require' | 'ask'; readonly template: RequestTemplate | null };
  /** IANA; null: what the country of the user's number says. */
  readonly userTimeZone: string | null;
  /** Not before; Unix milliseconds. */
  readonly notBefore: number | null;
  /** When waiting is over, whatever for; Unix milliseconds. */
  readonly deadlineAt: number | null;
  /** The client owns the media and only the bookkeeping is ours (Graph's own `connect` with a session). */
  readonly clientMedia: boolean;
  readonly createdAt: number;
}

export interface WaitingDial {
  readonly order: DialOrder;
  readonly state: WaitingState;
  /** When to look at it again, Unix milliseconds; null: only an answer of the user changes it. */
  readonly nextAt: number | null;
}

export type WaitingEnding =
  | 'permission_declined'
  | 'permission_expired'
  | 'cancelled'
  | 'request_refused'
  | 'dial_denied';
