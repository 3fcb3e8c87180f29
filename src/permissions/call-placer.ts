import type { CallIdentity } from '../call/index.ts';
import type { DialOrder } from './dial-order.ts';

export interface CallPlacer {
  /** Why no call can be placed now; null if one can. */
  refusal(phoneNumberId: string, voiceAgentId: string | null): Promise<PlacingRefusal | null>;
  /** The record is written; the call begins now. Resolves when it is in the hands of its machine. */
  place(order: DialOrder, identity: CallIdentity): Promise<void>;
  /** A client placed it, or may have, and has its media: follows what Meta says of it, once it has a name. */
  follow(identity: CallIdentity): Promise<void>;
  /** A client is about to place a call: what Meta says of it before `follow` is kept. Returns what ends that. */
  expectName(phoneNumberId: string): () => void;
}

/** Knows whether calling is on at Meta, as far as it was told. */
export interface CallingWatch {
  /** Asks Graph; what it says is in the book when this resolves. Never rejects: without an answer all stays as it was. */
  recheck(phoneNumberId: string): Promise<void>;
}

export type PlacingRefusal =
  | 'draining'
  | 'at_capacity'
  | 'unknown_number'
  | 'no_agent'
  | 'unknown_agent'
  /** It was waiting, and is not any more. */
  | 'not_waiting';
