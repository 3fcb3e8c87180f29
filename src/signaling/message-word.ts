import type { GraphUser } from './graph-types.ts';

/** A user who wrote to one of our numbers: who and when, and nothing of what. */
export interface MessageAuthor {
  readonly phoneNumberId: string;
  /** Unix milliseconds, by Meta's clock. */
  readonly at: number;
  readonly user: GraphUser;
  /** What the webhook says of the user; null for what it does not say. */
  readonly profile: Readonly<Record<'name' | 'username' | 'parentUserId', string | null>>;
}

/** What a user wrote. */
export interface WrittenMessage {
  /** Meta's `wamid.…`. */
  readonly id: string;
  /** Meta's word, such as `text`. */
  readonly type: string;
  /** The message as it came: not too large, and not too deep to be written down. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** What became of a message of ours. */
export interface MessageStatusWord {
  readonly phoneNumberId: string;
  readonly at: number;
  readonly user: GraphUser;
  readonly messageId: string;
  readonly status: 'sent' | 'delivered' | 'read' | 'failed';
  /** Meta's, of one that failed. */
  readonly errors: readonly unknown[];
}

/** One message or one status of field `messages`. */
export type MessageWord =
  /** `message`: null of a number that keeps none, and of what cannot be kept. */
  | { readonly type: 'message'; readonly author: MessageAuthor; readonly message: WrittenMessage | null }
  /** Only of numbers that keep messages. */
  | { readonly type: 'status'; readonly word: MessageStatusWord };

/** Whether a number keeps messages. Of one that does not, nothing of what is written is even read. */
export type KeepsMessages = (phoneNumberId: string) => boolean;

/** Keeps who writes with our numbers and, of numbers that are to keep messages, what. Awaited like the sink of calls. */
export interface MessageSink {
  readonly keeps: KeepsMessages;
  /** `now`: Unix milliseconds. */
  wrote(author: MessageAuthor, message: WrittenMessage | null, now: number): Promise<void>;
  status(word: MessageStatusWord, now: number): Promise<void>;
}
