import type { Generated } from 'kysely';

/**
 * The tables as kysely sees them. Ids are text and times are Unix milliseconds in 64-bit integers, so that PostgreSQL can
 * hold the same columns. JSON is text: nothing queries inside it.
 */
export interface Schema {
  webhook_inbox: WebhookInboxTable;
  calls: CallsTable;
  call_events: CallEventsTable;
  tombstones: TombstonesTable;
  graph_debts: GraphDebtsTable;
  numbers: NumbersTable;
  voice_agents: VoiceAgentsTable;
  voice_agent_assignments: AssignmentsTable;
}

interface WebhookInboxTable {
  id: Generated<number>;
  received_at: number;
  source: 'meta' | 'kapso';
  delivery_key: string;
  body: Uint8Array;
  /** null while it waits to be worked off. */
  done_at: number | null;
  outcome: string | null;
}

export interface CallsTable {
  /** Our own UUID. */
  id: string;
  /** Meta's `wacid.…`. */
  call_id: string;
  direction: 'inbound' | 'outbound';
  status: 'initiated' | 'ringing' | 'answered' | 'completed' | 'failed';
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

interface GraphDebtsTable {
  call_id: string;
  action: 'reject' | 'terminate';
  phone_number_id: string;
  since: number;
}

export interface NumbersTable {
  phone_number_id: string;
  display_phone_number: string | null;
  credential_kind: 'bearer' | 'api-key';
  credential_sealed: string;
  /** JSON of CallPolicy without its agents. */
  policy: string;
  /** JSON of NumberRules, or of a part of it. */
  rules: string;
  created_at: number;
  updated_at: number;
}

export interface VoiceAgentsTable {
  id: string;
  name: string;
  /** JSON of ProviderConfig. */
  provider_sealed: string;
  /** JSON of AgentSettings. */
  settings: string;
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
