import type { Denial, DialOrder, GraphRefusal, GraphSilence, PlacingRefusal, UserRef, WaitingState } from '../ports.ts';

/** What somebody who wants a call made asks for; the desk adds what it needs to keep it. Times in Unix milliseconds. */
export interface DialRequest {
  /** UUID that its call shall have; the same one twice is the same dial. */
  readonly id: string;
  readonly phoneNumberId: string;
  readonly user: UserRef;
  /** Null: the agents of the number. */
  readonly voiceAgentId: string | null;
  readonly permission: DialOrder['permission'];
  /** Null: as the number's rules say. */
  readonly ringTimeoutMs: number | null;
  readonly context: Readonly<Record<string, string>>;
  readonly bizOpaqueCallbackData: string | null;
  /** IANA. */
  readonly userTimeZone: string | null;
  /** Not before; null: now. */
  readonly notBefore: number | null;
  /** Not after; null: as the number's rules say for permissions, or an hour after `notBefore`. */
  readonly notAfter: number | null;
}

/** What became of it. */
export type DialOutcome =
  /** It is being placed, or waits; `id` is that of its call record. */
  | {
      readonly type: 'accepted';
      readonly id: string;
      readonly state: 'placing' | WaitingState;
      /** For a person: limits that are near. */
      readonly warnings: readonly string[];
    }
  | Refused;

export type Refused =
  /** By the ledger: nothing was sent to Graph. */
  | { readonly type: 'denied'; readonly denial: Denial }
  | { readonly type: 'unavailable'; readonly why: PlacingRefusal }
  /** By Graph: its own answer. */
  | { readonly type: 'refused'; readonly refusal: GraphRefusal }
  /** Graph gave no answer; what was asked may have happened, and counts. */
  | { readonly type: 'unanswered'; readonly answer: GraphSilence['answer'] };
