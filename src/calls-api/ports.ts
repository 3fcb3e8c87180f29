/** What the HTTP routes need of the rest of the house. */
import type { NumberRules } from '../agents/ports.ts';
import type { CallStatus, EndReason } from '../call/index.ts';
import type { GraphBody, GraphSaid, UserRef } from '../permissions/ports.ts';

export type * from './graph/contact-ports.ts';
export type * from './graph/graph-ports.ts';
export type * from './platform/control-ports.ts';
export type * from './platform/number-ports.ts';

/** Verifies, stores and answers a webhook. */
export interface WebhookReceiver {
  verify(query: Readonly<Record<string, unknown>>): { status: number; body: string };
  receive(headers: Readonly<Record<string, string | string[] | undefined>>, body: Buffer): Promise<{ status: number }>;
}

/** Pages by number end here: a deeper one would have to step over each call before it, and a cursor steps over none. */
export const NUMBERED_CALLS = 10_000;

/** Reads the call log. */
export interface CallQueries {
  /** Throws InvalidCursor. */
  list(query: CallListQuery): Promise<CallPage>;
  /** The same by page numbers, from 1; counts up to `NUMBERED_CALLS`, beyond which no page is read. */
  listNumbered(filter: CallFilter, page: { number: number; size: number }): Promise<CountedPage<CallRecord>>;
  /** One call of the project by Meta's id or our own; null also if another project has it. */
  find(projectId: string, callId: string): Promise<CallDetail | null>;
  /** What happened to it, oldest first; empty for a call that is not there. Does not ask whose call it is: `find` comes before. */
  timeline(callId: string): Promise<readonly TimelineLine[]>;
}

/** The calls of this process, as the routes may touch them. */
export interface LiveCalls {
  /** Ends one call by our own id. False if no such call is live, or a client has its media. */
  hangUp(id: string): boolean;
  /** Whether the call is live and its media are ours. */
  isOurs(id: string): boolean;
  /** What becomes of a call that is about to be placed: Meta's id, or why there is none. To be asked before. */
  named(id: string, timeoutMs: number): Promise<Naming>;
  /** It was not placed: nobody waits for its name any more. */
  forget(id: string): void;
}

export type Naming =
  | { readonly type: 'named'; readonly callId: string }
  /** It is over before Meta has named it: its ending. */
  | { readonly type: 'ended'; readonly reason: EndReason; readonly detail: string | null }
  | { readonly type: 'silent' };

/** `POST calls` of a client, as it is. Never rejects. */
export type GraphForward = (phoneNumberId: string, body: GraphBody) => Promise<GraphForwarded>;

type GraphForwarded =
  | { readonly type: 'answered'; readonly status: number; readonly body: unknown; readonly said?: GraphSaid | null }
  | { readonly type: 'unknown' };

/** Which numbers have a call log here. */
export interface KnownNumbers {
  isOurs(phoneNumberId: string): boolean;
  /** The project that has the number; null if it is not ours. */
  projectOf(phoneNumberId: string): string | null;
}

/** What a key may do: look, and call, and change everything of its project. */
export type Scope = 'read' | 'calls' | 'admin';

/** Whoever sends a request: the bearer of a key. */
export interface Caller {
  /** Of the key; no secret. Rate limits are per key. */
  readonly keyId: string;
  readonly projectId: string;
  readonly scope: Scope;
  /** A key from the environment: it may see to projects and read metrics, which are of all projects. */
  readonly installation: boolean;
}

/** Knows keys by what was given. Must not tell by its time how much of a key was right. */
export interface KeyRing {
  /** Null if no such key opens anything (any more). */
  callerWith(key: string): Caller | null;
}

/** A key that was made over the API, as it may be told. Times in Unix milliseconds. */
export interface ApiKey {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly scope: Scope;
  /** Its first characters, for a person to know it by. */
  readonly hint: string;
  readonly createdAt: number;
}

/** The keys of the projects, but those that were revoked. Writes are durable when their promise resolves. */
export interface ApiKeyBook extends KeyRing {
  list(projectId: string): readonly ApiKey[];
  /** Makes a key. `secret` is the key itself: it is kept nowhere, and told only here. */
  create(given: Omit<ApiKey, 'hint'>): Promise<{ readonly apiKey: ApiKey; readonly secret: string }>;
  /**
   * It opens nothing any more when this resolves. False if the project has no such key.
   *
   * @param at Unix milliseconds
   */
  revoke(projectId: string, id: string, at: number): Promise<boolean>;
}

/** Whom numbers, agents, calls and keys belong to. Times in Unix milliseconds. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Writes are durable when their promise resolves. */
export interface ProjectBook {
  list(): readonly Project[];
  get(id: string): Project | null;
  /** Keeps a project, new or changed. */
  put(project: Project): Promise<void>;
  /** Its keys go with it. False, and nothing is done, while it has numbers, voice agents, or calls that are not over. */
  remove(id: string): Promise<boolean>;
}

/** A page of a list whose order is newest first; not both cursors. */
export interface PageQuery {
  readonly limit: number;
  /** What is older than this cursor, or newer than that one. */
  readonly after: string | null;
  readonly before: string | null;
}

/** `before` and `after` are null where there is no page in that direction. */
export interface Page<Item> {
  readonly data: readonly Item[];
  readonly before: string | null;
  readonly after: string | null;
}

/** The rules of the business numbers. Writes are durable when their promise resolves. */
export interface NumberRulesBook {
  /** Null if the number is not ours. */
  rules(phoneNumberId: string): NumberRules | null;
  /** @param at Unix milliseconds */
  setRules(phoneNumberId: string, rules: NumberRules, at: number): Promise<void>;
}

/** How an agent does: of one that was neither called nor looked at yet nothing is known. */
export type AgentHealth = 'ok' | 'failing' | 'unknown';

/** What it takes to take a call. */
export interface HealthCheck {
  draining(): boolean;
  /** No other process may have the database. */
  databaseHeld(): boolean;
  /** Rejects if the database does not answer. */
  reachDatabase(): Promise<void>;
  /** Calls that are live, and how many may be. */
  capacity(): { readonly live: number; readonly max: number };
}

/** What is told to whoever scrapes metrics. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

/** `after` or `before` is no cursor of ours. */
export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor';
  readonly field: 'after' | 'before';

  constructor(field: 'after' | 'before') {
    super(`${field} is not a cursor of this service`);
    this.field = field;
  }
}

/** Which calls of a project are meant; null: any. */
export interface CallFilter {
  /** Calls from when another project had the number are not shown. */
  readonly projectId: string;
  readonly phoneNumberId: string | null;
  readonly direction: 'inbound' | 'outbound' | null;
  readonly status: CallStatus | null;
  /** Matches Meta's call id or our own. */
  readonly callId: string | null;
  /** When the call started: Unix milliseconds, inclusive. */
  readonly since: number | null;
  readonly until: number | null;
  readonly agentId: string | null;
  /** Either name will do, and a number however it is written. */
  readonly user: UserRef | null;
}

export interface CallListQuery extends CallFilter, PageQuery {}

/** A page by its number, which can be gone on from by cursors. */
export interface CountedPage<Item> extends Page<Item> {
  /** All that match, or as many as were counted. */
  readonly count: number;
  /** False if there may be more than were counted. */
  readonly isExact: boolean;
}

export type CallPage = Page<CallRecord>;

/** The record of kapso-api.md §3. Times are ISO 8601 with microseconds' room; ids are UUIDs but `call_id`. */
export interface CallRecord {
  readonly id: string;
  /** Null of a dial that Meta has not named. */
  readonly call_id: string | null;
  readonly direction: 'inbound' | 'outbound';
  readonly status: string;
  readonly duration_seconds: number | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly session_started_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly user_wa_id: string | null;
  readonly phone_number_id: string;
  readonly [key: string]: unknown;
}

/** The record with what only this service knows of a call. Times are ISO 8601. */
export interface CallDetail extends CallRecord {
  readonly user: Readonly<Record<'wa_id' | 'user_id' | 'parent_user_id' | 'name', string | null>>;
  /** null while the call is live. */
  readonly ending: Readonly<Record<'class' | 'reason' | 'ended_by' | 'detail', string | null>> | null;
  /** CallQuality in snake_case; null until it was measured. */
  readonly quality: Readonly<Record<string, number | null>> | null;
  /** Of a dial that is not placed yet: what it waits for (`state`), since when the user is asked, and until when. */
  readonly waiting: Readonly<Record<'state' | 'asked_at' | 'next_attempt_at' | 'until', string | null>> | null;
}

export interface TimelineLine {
  readonly at: string;
  readonly type: string;
  readonly data: unknown;
}
