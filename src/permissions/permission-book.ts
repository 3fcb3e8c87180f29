import type { Decide, Decision } from './decision.ts';
import type { DialOrder, WaitingDial, WaitingEnding } from './dial-order.ts';
import type { Grant, LiveReport, NumberState, PairState, UserRef } from './pair-state.ts';
import type { UnsureRequest } from './unsure-request.ts';

/** The calls and requests that a decision counted, and the dials that wait. Every write is durable when it resolves. */
export interface PermissionBook {
  /** What is known of a pair now. */
  read(phoneNumberId: string, user: UserRef, now: number): Promise<{ number: NumberState; pair: PairState }>;

  /**
   * Decides and writes in one transaction, so that two requests on two nodes cannot both have the last place:
   * - allow: the call's record is written, or a waiting one becomes `initiated`: it is the reservation, until it is over
   * - ask: a request is counted as being sent (`requestId`), and the record waits (`awaiting_permission`)
   * - deny: nothing is written, and a waiting record stays as it is
   * Resolves to null if the dial waited and does not any more: somebody else was quicker, or it was cancelled.
   */
  reserve(order: DialOrder, now: number, decide: Decide): Promise<Reservation | null>;
  /** The same for a request alone (`POST messages` of a client, or one asked by itself). */
  reserveRequest(
    phoneNumberId: string,
    user: UserRef,
    template: boolean,
    now: number,
    decide: Decide,
  ): Promise<Reservation>;
  /** Graph took the request, or its answer is unknown and it counts. `messageId`: `wamid.…`, null if unknown. */
  requestSent(requestId: string, messageId: string | null, at: number): Promise<void>;
  /** Graph refused it: it never counted. */
  requestRefused(requestId: string): Promise<void>;
  /** Ids of the unsure requests that count since a time within these two, the oldest first. Unix milliseconds. */
  unsureRequests(after: number, before: number): Promise<readonly string[]>;
  /** Null if it is sure, whatever it came to. */
  unsureRequest(requestId: string): Promise<UnsureRequest | null>;
  /**
   * Graph never had it: it never counted, and the dial that waits for the answer to it is due. In one transaction, and only
   * if nothing was heard of it since it was read.
   */
  requestLost(request: UnsureRequest, at: number): Promise<void>;

  /**
   * Writes down what a webhook said. The pair is made if it is new; phone number and BSUID become one if both are named. An
   * older word never replaces a newer one, and what a call of the user allows by itself never replaces what the user allowed
   * for good. `answers`: the message or call that it is about.
   */
  granted(phoneNumberId: string, user: UserRef, grant: Grant, answers: string | null): Promise<void>;
  windowOpened(phoneNumberId: string, user: UserRef, until: number): Promise<void>;
  reported(phoneNumberId: string, user: UserRef, report: LiveReport): Promise<void>;
  /** `at`: when it was refused. */
  refused(phoneNumberId: string, user: UserRef, code: number, until: number, at: number): Promise<void>;
  /** `at`: when Meta said so, an older word never replaces a newer one; null: a guess, which any word replaces. */
  paused(phoneNumberId: string, pause: NumberState['paused'], at: number | null): Promise<void>;

  /** Keeps a dial that cannot be placed yet; its record is written if it is new. `at`: when a record that there is changes. */
  wait(dial: WaitingDial, at: number): Promise<void>;
  waiting(id: string): Promise<WaitingDial | null>;
  /** Dials whose `nextAt` or deadline has come, the oldest first. */
  due(now: number, limit: number): Promise<readonly WaitingDial[]>;
  /** The dial that waits for the answer to this message of ours; null if none does. */
  waitingForMessage(messageId: string): Promise<WaitingDial | null>;
  /** The earliest `nextAt` or deadline of all; null if nothing waits for a time. */
  nextDue(): Promise<number | null>;
  /** Dials that wait for this user's permission, the oldest first. */
  waitingFor(phoneNumberId: string, user: UserRef): Promise<readonly WaitingDial[]>;
  /**
   * Ends a dial whose placing failed before its machine had it, or that a client placed and Graph refused. Does nothing to
   * one that waits, is over, or has no record.
   */
  abandon(
    id: string,
    ending: { readonly reason: 'connect_refused' | 'connect_unknown'; readonly detail: string | null },
    at: number,
  ): Promise<void>;
  /** Meta's id of a client's own call. */
  named(id: string, callId: string, at: number): Promise<void>;
  /** Ends a dial that waits: its record gets this ending. False if it does not wait any more. */
  giveUp(id: string, ending: WaitingEnding, at: number): Promise<boolean>;

  /**
   * Keeps a key for 24 hours with the call that it stands for. Resolves to what is kept under the key: what was given, if
   * it is `fresh`, else what was given first.
   */
  remember(request: IdempotentRequest): Promise<IdempotentRequest & { readonly fresh: boolean }>;
  /** Nothing came of it: the key may be used again. */
  forget(key: string): Promise<void>;
}

export interface Reservation {
  readonly decision: Decision;
  /** Of an ask. */
  readonly requestId: string | null;
}

export interface IdempotentRequest {
  readonly key: string;
  /** Digest of what was asked for. */
  readonly digest: string;
  /** Of the call that comes of it. */
  readonly id: string;
  readonly at: number;
}
