/**
 * How a call ended, once and for all: a class (what kind of end), a reason (why), and who did it.
 * - completed: it was answered and ended as calls do
 * - missed:    the user was gone before we answered, or did not pick up what we placed
 * - rejected:  we chose not to answer, or not to place it
 * - failed:    we wanted to answer, or to place it, and could not
 * - dropped:   it was answered and then broke
 */
export type EndingClass = 'completed' | 'missed' | 'rejected' | 'failed' | 'dropped';

export type EndedBy = 'user' | 'agent' | 'api' | 'bridge' | 'meta';

export interface Ending {
  readonly class: EndingClass;
  readonly reason: EndReason;
  readonly endedBy: EndedBy;
  /** More for a person to read: an error code, a state. Never SDP, numbers or addresses. */
  readonly detail: string | null;
}

export type CompletedReason =
  | 'user_hangup'
  /** Of a call that a runtime or a client had: by the user or by them, which Meta does not tell apart. */
  | 'hangup'
  | 'agent_hangup'
  | 'api_hangup'
  | 'prompt_played'
  | 'max_duration'
  | 'service_drained';
export type MissedReason =
  | 'caller_gave_up'
  | 'terminated_before_connect'
  /** A dial that rang out: at Meta, or at our own ring timer. */
  | 'unanswered'
  /** The user rejected a dial. */
  | 'declined'
  /** A dial was ended before it was picked up, by whoever `endedBy` names. */
  | 'cancelled';
export type RejectedReason =
  | 'stale_offer'
  | 'no_agent'
  | 'agent_unavailable'
  | 'at_capacity'
  | 'draining'
  | 'number_busy'
  | 'outside_hours'
  | 'caller_denied'
  | 'api_reject'
  /** The user does not want to be called. */
  | 'permission_declined'
  | 'permission_expired'
  /** The request for permission could not be sent. */
  | 'request_refused'
  /** When a dial had waited long enough, a limit stood against it. */
  | 'dial_denied';
export type FailedReason =
  | 'bad_offer'
  | 'media_failed'
  | 'media_timeout'
  | 'pre_accept_refused'
  | 'accept_refused'
  /** Graph refused to place the call; `detail` is its code. */
  | 'connect_refused'
  /** Whether Graph placed it was not known, and no webhook named it. */
  | 'connect_unknown'
  | 'meta_failed'
  | 'media_thread_died'
  | 'service_restarted';
export type DroppedReason =
  | 'media_lost'
  | 'media_silent'
  /** A dial was picked up, and its media never came up. */
  | 'media_timeout'
  | 'agent_lost'
  | 'meta_failed'
  | 'media_thread_died'
  | 'service_restarted'
  /** A runtime or a client had the call, and Meta never told of its end. */
  | 'no_terminate';

export type EndReason = CompletedReason | MissedReason | RejectedReason | FailedReason | DroppedReason;

export function completed(reason: CompletedReason, endedBy: EndedBy, detail: string | null = null): Ending {
  return { class: 'completed', reason, endedBy, detail };
}

export function missed(reason: MissedReason, endedBy: EndedBy = 'user', detail: string | null = null): Ending {
  return { class: 'missed', reason, endedBy, detail };
}

export function rejected(reason: RejectedReason, endedBy: EndedBy, detail: string | null = null): Ending {
  return { class: 'rejected', reason, endedBy, detail };
}

export function failed(reason: FailedReason, endedBy: EndedBy, detail: string | null = null): Ending {
  return { class: 'failed', reason, endedBy, detail };
}

export function dropped(reason: DroppedReason, endedBy: EndedBy, detail: string | null = null): Ending {
  return { class: 'dropped', reason, endedBy, detail };
}
