import type { Voice } from './state.ts';

/*
 * Where a call that we place is, until it is connected. All times in Unix milliseconds; a field named `…By` is the time
 * by which something must have happened.
 */

/** States of a dial in which a leg exists and nobody has picked up. */
export type DiallingState = OfferingState | PlacingState | UnsureState | RingingState;

/** The leg opens, and makes our offer. Graph knows nothing yet. */
export interface OfferingState {
  readonly phase: 'offering';
  readonly mediaBy: number;
}

/** Graph was asked to place the call and has not said anything, nor has a webhook. */
export interface PlacingState {
  readonly phase: 'placing';
  readonly graphBy: number;
}

/** Graph may have placed the call. Nothing is repeated; a webhook may still name it. */
export interface UnsureState {
  readonly phase: 'unsure';
  readonly watchBy: number;
}

/** Meta has the call and rings the user, or is about to. Agent and media get ready for the pickup. */
export interface RingingState {
  readonly phase: 'ringing';
  readonly voice: Voice;
  /** Meta said RINGING, which it may leave out. */
  readonly rings: boolean;
  /** The leg has Meta's answer. */
  readonly answerTaken: boolean;
  readonly mediaConnected: boolean;
  readonly ringBy: number;
}

/** The user picked up, and the media is not up yet. */
export interface AnsweringState {
  readonly phase: 'answering';
  readonly voice: Voice;
  readonly answerTaken: boolean;
  /** When the user picked up: the session began then, for Meta. */
  readonly sessionStartedAt: number;
  readonly mediaBy: number;
}

/** A client placed the call and has its media; ours is to write down what Meta says of it. */
export interface FollowingState {
  readonly phase: 'following';
  readonly rings: boolean;
  /** Somebody picked up; the time may be unknown after a restart. */
  readonly answered: boolean;
  readonly sessionStartedAt: number | null;
  readonly endBy: number;
}
