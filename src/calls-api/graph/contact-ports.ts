import type { UserRef } from '../../permissions/ports.ts';
import type { Page, PageQuery } from '../ports.ts';

/** One user of one number: who it is, and what a client noted. Times in Unix milliseconds. */
export interface Contact {
  readonly id: string;
  readonly phoneNumberId: string;
  /** Digits, in the one spelling under which all others are found; null of a user who is only known by a BSUID. */
  readonly waId: string | null;
  /** BSUID. */
  readonly userId: string | null;
  readonly parentUserId: string | null;
  readonly username: string | null;
  /** The user's own, as Meta tells it. */
  readonly profileName: string | null;
  /** What a client calls the user. */
  readonly displayName: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Whose something is, and of which number. What is of another project is not there. */
export interface OfNumber {
  readonly projectId: string;
  readonly phoneNumberId: string;
}

export interface ContactQuery extends PageQuery, OfNumber {
  readonly user: UserRef | null;
}

/** Null clears; what is absent stays. */
export interface ContactChanges {
  readonly profileName?: string | null;
  readonly displayName?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
}

/** Everybody with whom our numbers have to do. Writes are durable when their promise resolves. */
export interface ContactBook {
  /** Throws InvalidCursor. */
  list(query: ContactQuery): Promise<Page<Contact>>;
  find(number: OfNumber, user: UserRef): Promise<Contact | null>;
  /** Null if there is no such contact. */
  change(number: OfNumber, user: UserRef, changes: ContactChanges, at: number): Promise<Contact | null>;
}

export type ConversationStatus = 'active' | 'ended';

export interface Conversation {
  readonly id: string;
  readonly phoneNumberId: string;
  readonly status: ConversationStatus;
  readonly lastActiveAt: number;
  readonly endedAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly user: UserRef;
  /** Null where another project has the number by now. */
  readonly contact: ConversationContact | null;
  /** Of the messages that are kept; null if it was not asked for. */
  readonly messages: MessageSummary | null;
}

export interface ConversationContact {
  readonly id: string;
  readonly waId: string | null;
  readonly profileName: string | null;
  readonly displayName: string | null;
}

export interface MessageSummary {
  readonly count: number;
  readonly last: StoredMessage | null;
  readonly lastInboundAt: number | null;
  readonly lastOutboundAt: number | null;
}

export interface ConversationQuery extends PageQuery, OfNumber {
  readonly status: ConversationStatus | null;
  readonly user: UserRef | null;
  /** Unix milliseconds, inclusive. */
  readonly lastActiveSince: number | null;
  readonly lastActiveUntil: number | null;
  readonly withMessages: boolean;
}

/** What was said and called with a user, from the first word until somebody ends it. */
export interface ConversationBook {
  /** Throws InvalidCursor. */
  list(query: ConversationQuery): Promise<Page<Conversation>>;
  find(projectId: string, id: string): Promise<Conversation | null>;
  /** `taken`: it is to be active again, and the user has another one that is. Null if there is no such conversation. */
  setStatus(
    projectId: string,
    id: string,
    status: ConversationStatus,
    at: number,
  ): Promise<Conversation | 'taken' | null>;
}

export type MessageStatus = 'pending' | 'sent' | 'delivered' | 'read' | 'failed';

export interface StoredMessage {
  /** Meta's `wamid.…`. */
  readonly id: string;
  readonly phoneNumberId: string;
  readonly conversationId: string;
  readonly direction: 'inbound' | 'outbound';
  /** Meta's word, such as `text`; `unknown` of one of which only its status was heard. */
  readonly type: string;
  readonly status: MessageStatus;
  /** The message in Meta's shape, as it came or was sent. */
  readonly content: Readonly<Record<string, unknown>>;
  /** Meta's, of one that failed. */
  readonly errors: readonly unknown[] | null;
  /** By Meta's clock. */
  readonly sentAt: number;
  readonly createdAt: number;
  readonly user: UserRef;
  readonly contactName: string | null;
}

export interface MessageQuery extends PageQuery, OfNumber {
  readonly conversationId: string | null;
  readonly direction: StoredMessage['direction'] | null;
  readonly status: MessageStatus | null;
  /** Unix milliseconds, inclusive. */
  readonly since: number | null;
  readonly until: number | null;
}

/** Messages of the numbers that keep them; of others there are none. */
export interface MessageHistory {
  /** Throws InvalidCursor. */
  list(query: MessageQuery): Promise<Page<StoredMessage>>;
  find(number: OfNumber, id: string): Promise<StoredMessage | null>;
}
