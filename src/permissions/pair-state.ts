import type { User } from '../call/index.ts';

/** Who is meant: never both null. `userId` is a BSUID. */
export type UserRef = Pick<User, 'waId' | 'userId'>;

/** What a user allows a number (meta-calling.md §3.7). Times in Unix milliseconds. */
export interface Grant {
  readonly status: 'none' | 'temporary' | 'permanent';
  /** Null when permanent, or none. */
  readonly expiresAt: number | null;
  readonly source: GrantSource;
  /** When Meta says it was so. An older word never replaces a newer one; of two of one second the one that arrives later holds. */
  readonly at: number;
}

export type GrantSource =
  /** Answer to a request. */
  | 'request'
  /** The user called us, and the number's callback setting is on. */
  | 'callback'
  /** Given in the business profile, without a request. */
  | 'profile'
  | 'declined'
  /** Taken back by WhatsApp after too many unanswered calls. */
  | 'auto_revoked'
  /** Learned from `GET call_permissions` only. */
  | 'graph';

/** One limit as `GET call_permissions` reports it. */
export interface ReportedLimit {
  /** Milliseconds; Meta writes an ISO 8601 duration. */
  readonly periodMs: number;
  readonly maxAllowed: number;
  readonly currentUsage: number;
  /** Unix milliseconds; only of a limit that is used up. */
  readonly expiresAt: number | null;
}

export interface ReportedAction {
  readonly allowed: boolean;
  readonly limits: readonly ReportedLimit[];
}

/** What `GET call_permissions` said (meta-calling.md §2.2). */
export interface LiveReport {
  /** When it was read, Unix milliseconds. */
  readonly at: number;
  readonly status: Grant['status'];
  readonly expiresAt: number | null;
  readonly startCall: ReportedAction | null;
  readonly sendRequest: ReportedAction | null;
}

/**
 * All that is known of one pair. Usage is not counted apart: it is read from the call log and from the requests, so a
 * reservation is the record of a call that is not over, and cannot leak. Times in Unix milliseconds.
 */
export interface PairState {
  readonly grant: Grant | null;
  /** The last report of Graph, however old. */
  readonly live: LiveReport | null;
  /** A refusal of Graph that names a time, such as 138012, and holds until then. */
  readonly refused: { readonly code: number; readonly until: number } | null;
  /** Until when free-form messages may be sent. */
  readonly windowUntil: number | null;
  /**
   * When outbound calls of the last 48 hours were picked up, oldest first: the day that counts, and the one before it, of
   * which a report of Graph may have counted some.
   */
  readonly connectedAt: readonly number[];
  /** The last call, of either direction, that was picked up: it resets the counts of requests and unanswered calls. */
  readonly lastConnectedAt: number | null;
  /** Outbound calls that nobody picked up, in a row, since the last that was, or since the permission was taken back. */
  readonly unanswered: number;
  /** A call with this user is live or being placed: our own id of it. */
  readonly liveCall: string | null;
  /** When requests were sent since the last connected call, oldest first: those of the last 14 days, for the same reason. */
  readonly requestedAt: readonly number[];
  /** A request that was sent and has no answer. */
  readonly pendingRequest: { readonly id: string; readonly at: number } | null;
}

/** What is known of the number itself. */
export interface NumberState {
  /** As displayed, digits; null if unknown. Its country may not call. */
  readonly displayPhoneNumber: string | null;
  /** Calls of either direction that are live or being placed. */
  readonly liveCalls: number;
  /** Outbound calls begun in the last 24 hours, and when the oldest of them was. */
  readonly dials24h: number;
  readonly oldestDialAt: number | null;
  /** Users that got a template request in the last 24 hours, whom the messaging tier counts. */
  readonly templateUsers24h: number;
  /** Meta says that calling is switched off in the settings of the number, and when it said so last; null: on, or not known. */
  readonly callingOff: { readonly at: number } | null;
  /** Business-initiated calling is paused or not allowed (138013, 138014, account_update). */
  readonly paused: { readonly code: number; readonly until: number | null } | null;
}
