import type { Selectable } from 'kysely';
import type { CallQuality } from '../call/index.ts';
import type { CallDetail, CallRecord } from '../calls-api/ports.ts';
import type { CallLinks, LinkRow } from './contacts/call-links.ts';
import { iso, isoOrNull } from './iso-time.ts';
import type { CallsTable, DialsTable } from './schema.ts';

/** What of a call its record is made of. */
export const RECORD_COLUMNS = [
  'calls.id',
  'calls.call_id',
  'calls.direction',
  'calls.status',
  'calls.duration_seconds',
  'calls.started_at',
  'calls.placed_at',
  'calls.ended_at',
  'calls.session_started_at',
  'calls.created_at',
  'calls.updated_at',
  'calls.user_wa_id',
  'calls.user_name',
  'calls.pair_id',
  'calls.conversation_id',
  'calls.project_id',
  'calls.phone_number_id',
  'calls.display_phone_number',
  'calls.agent_id',
  'calls.agent_name',
] as const;

type RecordColumn = (typeof RECORD_COLUMNS)[number] extends `calls.${infer Column}` ? Column : never;
type RecordRow = Pick<Selectable<CallsTable>, RecordColumn>;

/** A call as a list reads it. */
export type ListedRow = RecordRow & LinkRow;

type Row = Selectable<CallsTable>;

/** A call, and how it waits: all null if it does not. */
type DetailRow = Row & { [Column in 'state' | 'asked_at' | 'next_at' | 'deadline_at']: DialsTable[Column] | null };

/** The record of kapso-api.md §3: flat, every key always there, null for what this service does not keep. */
export function toRecord(row: RecordRow, links: CallLinks): CallRecord {
  return {
    id: row.id,
    // A dial that Meta has not named yet has no id of Meta's.
    call_id: row.call_id === row.id ? null : row.call_id,
    direction: row.direction,
    status: row.status,
    duration_seconds: row.duration_seconds,
    started_at: row.direction === 'outbound' && row.placed_at === null ? null : iso(row.started_at),
    ended_at: isoOrNull(row.ended_at),
    session_started_at: isoOrNull(pickedUpAt(row)),
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
    user_wa_id: row.user_wa_id,
    whatsapp_contact_id: links.contact?.id ?? null,
    whatsapp_conversation_id: links.conversation?.id ?? null,
    project_id: row.project_id,
    // A number has no other id here than Meta's.
    whatsapp_config_id: row.phone_number_id,
    config_display_name: links.numberName,
    config_display_phone_number: row.display_phone_number,
    voice_agent_id: row.agent_id,
    voice_agent_name: row.agent_name,
    phone_number_id: row.phone_number_id,
    voice_agent: row.agent_id === null ? null : { id: row.agent_id, name: row.agent_name },
    whatsapp_contact: links.contact ?? unkeptContact(row),
    whatsapp_conversation: links.conversation,
  };
}

/**
 * Meta's word has whole seconds, and may be older than a beginning by our own clock. In the row it stays as it is: limits count
 * from it.
 */
function pickedUpAt({ session_started_at: at, started_at }: RecordRow): number | null {
  return at === null ? null : Math.max(at, started_at);
}

/** The record, and what only this service knows of the call. */
export function toDetail(row: DetailRow, links: CallLinks): CallDetail {
  const quality: CallQuality | null = row.quality === null ? null : JSON.parse(row.quality);
  return {
    ...toRecord(row, links),
    user: { wa_id: row.user_wa_id, user_id: row.user_id, parent_user_id: row.parent_user_id, name: row.user_name },
    cta_payload: row.cta_payload,
    deeplink_payload: row.deeplink_payload,
    biz_opaque_callback_data: row.biz_opaque_callback_data,
    ending:
      row.ending_class === null
        ? null
        : { class: row.ending_class, reason: row.ending_reason, ended_by: row.ended_by, detail: row.ending_detail },
    quality: quality === null ? null : inSnakeCase(quality),
    waiting: waiting(row),
  };
}

function waiting({ state, asked_at, next_at, deadline_at }: DetailRow): CallDetail['waiting'] {
  if (state === null) return null;
  return {
    state,
    asked_at: isoOrNull(asked_at),
    next_attempt_at: isoOrNull(next_at),
    until: isoOrNull(deadline_at),
  };
}

/** Of a user of whom no contact is kept, what the webhook said is told. */
function unkeptContact(row: RecordRow): CallRecord['whatsapp_contact'] {
  if (row.user_wa_id === null && row.user_name === null) return null;
  return { id: null, wa_id: row.user_wa_id, profile_name: row.user_name, display_name: row.user_name };
}

function inSnakeCase(quality: CallQuality): Record<string, number | null> {
  const renamed = Object.entries(quality).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(renamed);
}
