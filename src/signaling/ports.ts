import type { CallIdentity, MetaInput } from '../call/index.ts';

/** Raw webhooks, kept before they are answered and until they were worked off. */
export interface Inbox {
  /** Durable when it resolves. A `deliveryKey` seen before stores nothing and resolves to null. */
  store(webhook: RawWebhook): Promise<number | null>;
  /** Not yet worked off, oldest first. */
  pending(limit: number): Promise<readonly StoredWebhook[]>;
  done(id: number, at: number, outcome: string): Promise<void>;
  /** Deletes worked-off rows older than `before` (Unix ms); returns how many. */
  prune(before: number): Promise<number>;
}

export interface RawWebhook {
  readonly receivedAt: number;
  readonly source: 'meta' | 'kapso';
  readonly deliveryKey: string;
  readonly body: Buffer;
}

export interface StoredWebhook extends RawWebhook {
  readonly id: number;
}

/** Which numbers are ours, and how to speak for them. */
export interface NumberDirectory {
  isOurs(phoneNumberId: string): boolean;
  credentials(phoneNumberId: string): Promise<GraphCredentials | null>;
}

export interface GraphCredentials {
  /** Meta's bearer token, or a Kapso project key when the base URL is a Kapso proxy. */
  readonly kind: 'bearer' | 'api-key';
  readonly secret: string;
}

/** Where understood call events go. Awaited: a webhook is worked off only when its events were taken. */
export interface CallEventSink {
  handle(event: CallEvent): Promise<void>;
}

/** One thing Meta said about one call of ours. */
export interface CallEvent {
  readonly identity: Omit<CallIdentity, 'id'>;
  readonly input: MetaInput;
}
