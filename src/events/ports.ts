/** What the events' room needs of storage, and what storage and the HTTP routes know of it. Times in Unix milliseconds. */
import type { EventType } from './event-types.ts';

export { EVENT_TYPES, type EventType } from './event-types.ts';
export type { Payload, PayloadMore } from './payloads.ts';

/** Where events go. Holds secrets: never log it whole. */
export interface Webhook {
  readonly id: string;
  readonly projectId: string;
  /** Null: of every number of the project. */
  readonly phoneNumberId: string | null;
  /** `kapso`: events of the catalogue. `meta`: Meta's own webhooks as they came; one for a number. */
  readonly kind: 'kapso' | 'meta';
  readonly url: string;
  readonly secretKey: string;
  /** Sent with each delivery, beside ours. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for kind `meta`, which takes everything. */
  readonly events: readonly EventType[];
  /** Switched off by its owner: nothing is kept for it. */
  readonly active: boolean;
  readonly standing: WebhookStanding;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * - `paused`: too much failed; deliveries are kept until somebody resumes it
 * - `disabled`: the receiver answered 410: it is gone, and nothing is kept for it
 */
export type WebhookStanding =
  | { readonly type: 'ok' }
  | { readonly type: 'paused' | 'disabled'; readonly at: number; readonly why: string };

/** Something that happened, before it is known who is to hear of it. */
export interface NewEvent {
  readonly projectId: string;
  readonly phoneNumberId: string;
  /** A type of the catalogue; `meta` for a webhook of Meta's, handed on. */
  readonly type: EventType | 'meta';
  /** Events with the same one reach a webhook in the order in which they were written: the id of the call, where there is one. */
  readonly orderingKey: string;
  /** The same event told twice has the same one, and is one event. */
  readonly idempotencyKey: string;
  readonly at: number;
  /** The body that is sent, as it is. */
  readonly body: string;
}

/** One event for one webhook, and what became of it. */
export interface Delivery {
  readonly id: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly type: NewEvent['type'];
  readonly phoneNumberId: string;
  readonly orderingKey: string;
  readonly idempotencyKey: string;
  /** `pending`: it is tried, or waits behind another of its ordering key. `failed`: given up after three days. */
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  /** Null when it is not to be tried any more, or waits behind another. */
  readonly nextAttemptAt: number | null;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  /** Of the last attempt; null before it, and without an answer. */
  readonly responseStatus: number | null;
}

export interface Attempt {
  readonly at: number;
  readonly durationMs: number;
  /** Null without an answer. */
  readonly status: number | null;
  /** Why there was no answer, or why it does not count; never an address or a secret. */
  readonly error: string | null;
  /** The beginning of the answer's body. */
  readonly responseExcerpt: string | null;
  /** As they were sent, but for those of the webhook's own, which may hold secrets. */
  readonly requestHeaders: Readonly<Record<string, string>>;
}

export interface DeliveryDetail extends Delivery {
  /** The body that is sent. */
  readonly body: string;
  /** Oldest first. */
  readonly attemptLog: readonly Attempt[];
}

/** The webhooks. Kept in memory by storage; writes are durable when their promise resolves. */
export interface WebhookBook {
  /** Those of one number, or of all numbers (null), or every one of the project (undefined); oldest first. */
  list(projectId: string, phoneNumberId?: string | null): readonly Webhook[];
  get(id: string): Webhook | null;
  /** Keeps one, new or changed. */
  put(webhook: Webhook): Promise<void>;
  /** Its deliveries go with it. False if there was none. */
  remove(id: string): Promise<boolean>;
}

export interface DeliveryQuery {
  readonly projectId: string;
  readonly limit: number;
  readonly after: string | null;
  readonly before: string | null;
  readonly webhookId: string | null;
  readonly type: string | null;
  readonly status: Delivery['status'] | null;
  readonly phoneNumberId: string | null;
  /** Those with an attempt that failed. */
  readonly errorsOnly: boolean;
  readonly since: number | null;
  readonly until: number | null;
}

/** What was sent to whom. */
export interface DeliveryLog {
  /** Throws InvalidCursor of the HTTP routes. */
  list(query: DeliveryQuery): Promise<{ data: readonly Delivery[]; before: string | null; after: string | null }>;
  find(projectId: string, id: string): Promise<DeliveryDetail | null>;
  /** Has one sent again, whatever became of it. False if it is not there. */
  redeliver(projectId: string, id: string, at: number): Promise<boolean>;
  /** Has all of a webhook's sent again that were made in this span, both ends included, oldest first; returns how many. */
  redeliverSpan(
    webhookId: string,
    span: { readonly since: number; readonly until: number; readonly status: Delivery['status'] | null },
    at: number,
  ): Promise<number>;
}

/** Sends what is due. */
export interface EventDesk {
  /** Something was queued, or a webhook changed. Returns at once. */
  wake(): void;
  /** Sends a sample now, once, and not through the queue. A success resumes a webhook that is paused or disabled. */
  test(webhook: Webhook, type: EventType): Promise<Attempt>;
}

export interface QueuedDelivery {
  readonly id: string;
  readonly dueAt: number;
}

/** A delivery that is at the head of its ordering key, with what is sent. */
export interface DueDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly type: NewEvent['type'];
  readonly idempotencyKey: string;
  readonly body: string;
  /** Since it was queued, for the first time or again. */
  readonly tries: number;
  /** Null before the first of them. */
  readonly firstTryAt: number | null;
  /** How long the webhook was paused since then, milliseconds. */
  readonly pausedMs: number;
}

/** What an attempt means for its delivery. */
export type Verdict =
  | { readonly type: 'delivered' }
  | { readonly type: 'retry'; readonly at: number }
  | { readonly type: 'given_up' };

/** The deliveries that are under way. Of one webhook and ordering key only the oldest unfinished one is ever due. */
export interface DeliveryQueue {
  /** A webhook's that are due now or later, the first due first. */
  queued(webhookId: string, limit: number): Promise<readonly QueuedDelivery[]>;
  /** Null if it was not due at `dueBy`, or is not to be tried any more: it may have been tried since it was seen in the queue. */
  load(webhookId: string, id: string, dueBy: number): Promise<DueDelivery | null>;
  /**
   * Writes an attempt down; when the delivery is finished with it, the one behind it is due at once. To be called once at a
   * time for a delivery, and for as many of them at once as there are: they are written down together.
   */
  record(webhookId: string, id: string, attempt: Attempt, verdict: Verdict): Promise<void>;
  /** Gives up at most `limit` of a webhook's for which nothing is kept any more; returns how many. */
  giveUp(webhookId: string, at: number, limit: number): Promise<number>;
  /** Something may be due for this webhook, or it has changed. Called when it is on the disk. */
  onChange(listener: (webhookId: string) => void): void;
  /**
   * Deletes at most `limit` deliveries that were finished before `before`, whose webhook was removed, or that have waited since
   * then for their webhook to be resumed, and the events that nobody has any more; returns how many deliveries.
   */
  prune(before: number, limit: number): Promise<number>;
}

/** The webhooks as the desk sees them. */
export interface EventWebhooks {
  /** Of all projects. */
  ids(): readonly string[];
  get(id: string): Webhook | null;
  /** Changes nothing else of it. */
  setStanding(id: string, standing: WebhookStanding, at: number): Promise<void>;
}

/** One request to a receiver. Holds secrets: never log it. */
export interface Parcel {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came of it. It was taken if there is no error. */
export interface Answer {
  readonly status: number | null;
  /** A word of the log; null if a 2xx came, and all of it. */
  readonly error: string | null;
  /** The beginning of its body. */
  readonly excerpt: string | null;
  /** The header, as it came. */
  readonly retryAfter: string | null;
  readonly durationMs: number;
}

/** Carries a parcel once, and gives up on its own after 10 s. Never rejects. */
export interface Courier {
  /** Null if it was cut off by `close`. */
  send(parcel: Parcel): Promise<Answer | null>;
  close(): Promise<void>;
}

export interface EventClock {
  now(): number;
  /** Returns a function that cancels. */
  at(time: number, run: () => void): () => void;
}
