import type { CallIdentity, MetaInput } from '../call/index.ts';
import type { GraphActReport } from './graph-types.ts';

export type * from './account-event.ts';
export type * from './artifact-event.ts';
export type * from './forward/forwarder.ts';
export type * from './message-word.ts';

/** Raw webhooks, kept before they are answered and until they were worked off. */
export interface Inbox {
  /** Durable when it resolves. A `deliveryKey` seen before stores nothing and resolves to null. */
  store(webhook: RawWebhook): Promise<number | null>;
  /** Not yet worked off, oldest first, of those with a higher `id` than `after`. */
  pending(limit: number, after?: number): Promise<readonly StoredWebhook[]>;
  done(id: number, at: number, workedOff: WorkedOff): Promise<void>;
  /** Deletes worked-off rows older than `before` (Unix ms); returns how many. */
  prune(before: number): Promise<number>;
}

export interface RawWebhook {
  readonly receivedAt: number;
  readonly source: 'meta' | 'kapso';
  /** The only numbers that whoever signed it may speak for; absent: all of them. */
  readonly speaksFor?: readonly string[];
  readonly deliveryKey: string;
  readonly body: Buffer;
}

export interface WorkedOff {
  /** For a person who looks into the inbox. */
  readonly outcome: string;
  /** False if the body said nothing of calls of ours: only its delivery key is then kept, to know copies of it. */
  readonly keepBody: boolean;
}

export interface StoredWebhook extends RawWebhook {
  readonly id: number;
}

/** Which numbers are ours, and how to speak for them. */
export interface NumberDirectory {
  isOurs(phoneNumberId: string): boolean;
  /**
   * Our numbers that are displayed so. Some webhooks know a number by nothing else (meta-calling.md §3.11). They are more
   * than one if a webhook claimed it of another's.
   *
   * @param displayPhoneNumber digits; what is kept may have a plus and spaces
   */
  numbersShowing(displayPhoneNumber: string): readonly string[];
  /** The secrets of the numbers' own apps at Meta, besides those of the installation. */
  signers(): readonly NumberSigner[];
  /** A webhook said that our number is displayed so; kept if it is new. */
  showsAs(phoneNumberId: string, displayPhoneNumber: string): Promise<void>;
  credentials(phoneNumberId: string): Promise<GraphCredentials | null>;
}

/** What is signed with it may speak of these numbers, and of no others. */
export interface NumberSigner {
  readonly appSecret: string;
  readonly phoneNumberIds: readonly string[];
}

export interface GraphCredentials {
  /** Meta's bearer token, or a Kapso project key when the base URL is a Kapso proxy. */
  readonly kind: 'bearer' | 'api-key';
  readonly secret: string;
}

/** Where understood call events go. Both are awaited: a webhook is worked off when its events were taken and are written. */
export interface CallEventSink {
  handle(event: CallEvent): Promise<void>;
  /**
   * Resolves when what was said of a call so far can be found in the log by another process, or is nobody's; never rejects.
   * This may take until the call is known by that name.
   *
   * @param callId Meta's
   */
  written(callId: string): Promise<void>;
}

/** One thing Meta said about one call of ours. */
export interface CallEvent {
  readonly identity: Omit<CallIdentity, 'id'>;
  readonly input: MetaInput;
  /** Of a connect: Meta's body with this call alone, for a runtime that answers it itself. Holds SDP and numbers. */
  readonly webhook?: unknown;
}

/** Time, in milliseconds. The runtime's clock has this shape; this room may not import it. */
export interface SignalingClock {
  now(): number;
  /** Returns a function that cancels. */
  at(time: number, run: () => void): () => void;
}

/** What became of one delivery. */
export type DeliveryOutcome = 'stored' | 'duplicate' | 'bad_signature' | 'not_json' | 'not_ours' | 'store_failed';

/** Watches without being asked to do anything: logs, metrics, the demo's screen, tests. */
export interface SignalingObserver {
  onDelivery?(outcome: DeliveryOutcome, source: RawWebhook['source'] | null): void;
  /** Something in a webhook that we do nothing with. Neither `where` nor `reason` holds personal data. */
  onIgnored?(item: IgnoredItem): void;
  /** A stored webhook was worked off, or given up after the last attempt. */
  onWorkedOff?(id: number, outcome: string): void;
  /** Something was asked of Graph, and this came of it. */
  onGraphAct?(report: GraphActReport): void;
  /** A port broke its promise. The room goes on. */
  onFault?(during: string, fault: unknown): void;
}

export interface IgnoredItem {
  /** Path inside the body, such as `entry[0].changes[2].value.calls[0]`. */
  readonly where: string;
  readonly reason: string;
}
