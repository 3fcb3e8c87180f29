import type { Generated } from 'kysely';
import type { CallStatus } from '../call/index.ts';
import type { MessageStatus, Scope } from '../calls-api/ports.ts';
import type { Grant, GrantSource, WaitingState } from '../permissions/ports.ts';
import type { EventTables } from './outbox/tables.ts';
import type { NumberStatesTable, NumbersTable } from './schema-numbers.ts';

/**
 * The tables as kysely sees them. Ids are text and times are Unix milliseconds in 64-bit integers, so that PostgreSQL can
 * hold the same columns. JSON is text: nothing queries inside it.
 */
export interface Schema extends EventTables {
  webhook_inbox: WebhookInboxTable;
  calls: CallsTable;
  call_events: CallEventsTable;
  tombstones: TombstonesTable;
  graph_debts: GraphDebtsTable;
  numbers: NumbersTable;
  number_states: NumberStatesTable;
  permission_pairs: PermissionPairsTable;
  permission_requests: PermissionRequestsTable;
  conversations: ConversationsTable;
  messages: MessagesTable;
  dials: DialsTable;
  idempotency_keys: IdempotencyKeysTable;
  voice_agents: VoiceAgentsTable;
  voice_agent_assignments: AssignmentsTable;
  projects: ProjectsTable;
  api_keys: ApiKeysTable;
}

export interface ProjectsTable {
  id: string;
  name: string;
  created_at: number;
  updated_at: number;
}

export interface ApiKeysTable {
  id: string;
  /** projects.id */
  project_id: string;
  name: string;
  scope: Scope;
  /** SHA-256 of the key, hex. */
  digest: string;
  /** Its first characters, for a person to know it by. */
  hint: string;
  created_at: number;
  revoked_at: number | null;
}

export interface WebhookInboxTable {
  id: Generated<number>;
  received_at: number;
  source: 'meta' | 'kapso';
  delivery_key: string;
  body: Uint8Array;
  /** JSON list of the only numbers that whoever signed it may speak for; null: all of them. */
  speaks_for: string | null;
  /** null while it waits to be worked off. */
  done_at: number | null;
  outcome: string | null;
}

export interface CallsTable {
  /** Our own UUID. */
  id: string;
  /** Meta's `wacid.…`; `id` until Meta has named a dial. */
  call_id: string;
  direction: 'inbound' | 'outbound';
  /** The two of waiting dials do not count as live. */
  status: CallStatus;
  phone_number_id: string;
  display_phone_number: string | null;
  user_wa_id: string | null;
  user_id: string | null;
  parent_user_id: string | null;
  user_name: string | null;
  started_at: number;
  session_started_at: number | null;
  ended_at: number | null;
  duration_seconds: number | null;
  cta_payload: string | null;
  deeplink_payload: string | null;
  biz_opaque_callback_data: string | null;
  agent_id: string | null;
  agent_name: string | null;
  /** null while the call is live. */
  ending_class: string | null;
  ending_reason: string | null;
  ended_by: string | null;
  ending_detail: string | null;
  /** JSON of CallQuality. */
  quality: string | null;
  /** 1 if a runtime took the call. */
  launched: number;
  /** 1 if a client placed the call and has its media. */
  followed: number;
  /** permission_pairs.id; null of calls from before there were pairs. */
  pair_id: string | null;
  /** conversations.id; null of calls from before there were any, and without a pair. */
  conversation_id: string | null;
  /** Of a dial, when it was let through to Graph; null while it waits. */
  placed_at: number | null;
  /** The project that had the number then. */
  project_id: string;
  created_at: number;
  updated_at: number;
}

interface CallEventsTable {
  id: Generated<number>;
  /** calls.id */
  call_key: string;
  at: number;
  type: string;
  /** JSON object. */
  data: string;
}

interface TombstonesTable {
  call_id: string;
  at: number;
}

export interface GraphDebtsTable {
  call_id: string;
  action: 'reject' | 'terminate';
  phone_number_id: string;
  since: number;
}

/** One business number towards one user, which is a contact. Has `wa_id` or `user_id` or both; each is there once for a number. */
export interface PermissionPairsTable {
  id: string;
  phone_number_id: string;
  /** As `canonicalWaId` gives it. */
  wa_id: string | null;
  user_id: string | null;
  grant_status: Grant['status'] | null;
  grant_expires_at: number | null;
  grant_source: GrantSource | null;
  grant_at: number | null;
  /** JSON of LiveReport. */
  live: string | null;
  live_at: number | null;
  refused_code: number | null;
  refused_until: number | null;
  window_until: number | null;
  /** Unanswered calls before this do not count any more. */
  streak_since: number | null;
  /** projects.id: whose the names and metadata are. Of another project's they are not shown. */
  project_id: string;
  /** The user's own name, as Meta's webhooks bring it. */
  profile_name: string | null;
  username: string | null;
  parent_user_id: string | null;
  /** What a client of the API calls the user. */
  display_name: string | null;
  /** JSON object of a client's. */
  metadata: string | null;
  /** 0 of those that an older version of this service has made. */
  created_at: number;
  updated_at: number;
}

/** What a number and a user have with each other, from the first word until somebody ends it. One is active at a time. */
export interface ConversationsTable {
  id: string;
  /** permission_pairs.id */
  pair_id: string;
  phone_number_id: string;
  /** The project that had the number then. */
  project_id: string;
  status: 'active' | 'ended';
  last_active_at: number;
  ended_at: number | null;
  created_at: number;
  updated_at: number;
}

/** Of numbers that keep messages, and of no others. */
export interface MessagesTable {
  id: string;
  /** Meta's `wamid.…`, once for a number. */
  wamid: string;
  phone_number_id: string;
  project_id: string;
  /** permission_pairs.id */
  pair_id: string;
  /** conversations.id */
  conversation_id: string;
  direction: 'inbound' | 'outbound';
  /** Meta's word, such as `text`; `unknown` while only its status was heard of. */
  type: string;
  /** JSON object of the message in Meta's shape, as it came or was sent. */
  content: string;
  status: MessageStatus;
  /** JSON of Meta's errors, of one that failed. */
  errors: string | null;
  /** By Meta's clock. */
  sent_at: number;
  created_at: number;
  updated_at: number;
}

export interface PermissionRequestsTable {
  id: string;
  /** permission_pairs.id */
  pair_id: string;
  phone_number_id: string;
  /** The dial that asked; null for a request by itself. */
  dial_id: string | null;
  /** 0 or 1. */
  template: number;
  requested_at: number;
  /** Meta's `wamid.…`; null until Graph has told it. */
  message_id: string | null;
  answered_at: number | null;
  /** conversations.id; null until it was sent. */
  conversation_id: string | null;
}

/** Dials that wait. The row goes when the dial is placed or given up; its call record stays. */
export interface DialsTable {
  /** calls.id */
  id: string;
  /** permission_pairs.id */
  pair_id: string;
  /** JSON of DialOrder. */
  asked_for: string;
  state: WaitingState;
  /** When the user was asked for permission. */
  asked_at: number | null;
  next_at: number | null;
  deadline_at: number | null;
  /** The earlier of the two. */
  due_at: number | null;
  created_at: number;
}

interface IdempotencyKeysTable {
  key: string;
  digest: string;
  /** The id that the call has or will have; its record may be missing. */
  dial_id: string;
  at: number;
}

export interface VoiceAgentsTable {
  id: string;
  name: string;
  /** JSON of ProviderConfig. */
  provider_sealed: string;
  /** JSON of AgentSettings. */
  settings: string;
  /** projects.id */
  project_id: string;
  created_at: number;
  updated_at: number;
}

export interface AssignmentsTable {
  id: string;
  /** voice_agents.id */
  voice_agent_id: string;
  phone_number_id: string;
  /** 0 or 1; with `enabled` 1 at most once for a number. */
  is_primary: number;
  enabled: number;
  position: number;
  /** JSON of OnAgentLost. */
  on_lost: string;
  created_at: number;
  updated_at: number;
}
