import type { Kysely, Selectable } from 'kysely';
import type { CallIdentity, CallStatus, Ending } from '../call/index.ts';
import { KeptQuery } from './kept-query.ts';
import type { CallsTable, Schema } from './schema.ts';

/** What of a new call's row does not follow from its identity. */
export interface NewCall {
  readonly status: CallStatus;
  readonly agent: { readonly id: string; readonly name: string } | null;
  readonly followed: boolean;
  readonly pairId: string | null;
  readonly conversationId: string | null;
  readonly placedAt: number | null;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** A row as it is to be inserted: whose it is, `insertCall` finds out. */
export type NewRow = Omit<CallsTable, 'project_id'>;

export function newCall(identity: CallIdentity, more: NewCall): NewRow {
  return {
    id: identity.id,
    call_id: identity.callId,
    direction: identity.direction,
    status: more.status,
    phone_number_id: identity.phoneNumberId,
    display_phone_number: identity.displayPhoneNumber,
    user_wa_id: identity.user.waId,
    user_id: identity.user.userId,
    parent_user_id: identity.user.parentUserId,
    user_name: identity.user.name,
    started_at: identity.startedAt,
    session_started_at: null,
    ended_at: null,
    duration_seconds: null,
    cta_payload: identity.ctaPayload,
    deeplink_payload: identity.deeplinkPayload,
    biz_opaque_callback_data: identity.bizOpaqueCallbackData,
    agent_id: more.agent?.id ?? null,
    agent_name: more.agent?.name ?? null,
    ending_class: null,
    ending_reason: null,
    ended_by: null,
    ending_detail: null,
    quality: null,
    launched: 0,
    followed: more.followed ? 1 : 0,
    pair_id: more.pairId,
    conversation_id: more.conversationId,
    placed_at: more.placedAt,
    created_at: more.createdAt,
    updated_at: more.createdAt,
  };
}

export function identityOf(row: Selectable<CallsTable>): CallIdentity {
  return {
    id: row.id,
    callId: row.call_id,
    direction: row.direction,
    phoneNumberId: row.phone_number_id,
    displayPhoneNumber: row.display_phone_number,
    user: { waId: row.user_wa_id, userId: row.user_id, parentUserId: row.parent_user_id, name: row.user_name },
    startedAt: row.started_at,
    ctaPayload: row.cta_payload,
    deeplinkPayload: row.deeplink_payload,
    bizOpaqueCallbackData: row.biz_opaque_callback_data,
  };
}

export function endingColumns(ending: Ending) {
  return {
    ending_class: ending.class,
    ending_reason: ending.reason,
    ended_by: ending.endedBy,
    ending_detail: ending.detail,
  };
}

/** The status that a call with this ending has, as its machine would write it. */
export function statusAfter(ending: Ending): CallStatus {
  return ending.class === 'failed' || ending.class === 'dropped' ? 'failed' : 'completed';
}

/** Writes a line of a call's timeline, in the transaction of `db`. */
export async function appendEvent(
  db: Kysely<Schema>,
  id: string,
  at: number,
  type: string,
  data: Readonly<Record<string, string | number | boolean | null>>,
): Promise<void> {
  await APPEND.execute(db, { call_key: id, at, type, data: JSON.stringify(data) });
}

type Line = { readonly call_key: string; readonly at: number; readonly type: string; readonly data: string };

const APPEND = new KeptQuery((db, line: Line) => db.insertInto('call_events').values(line));
