import type { Kysely, Selectable, Updateable } from 'kysely';
import type { CallIdentity, CallPatch, CallStatus, TimelineEvent } from '../call/index.ts';
import type { CallDetail, CallListQuery, CallPage, CallQueries, TimelineLine } from '../calls-api/ports.ts';
import type { AgentName, CallLog, UnfinishedCall } from '../runtime/ports.ts';
import { listCalls } from './call-list.ts';
import { toDetail } from './call-record.ts';
import type { GroupCommit } from './group-commit.ts';
import type { CallsTable, Schema } from './schema.ts';

/** Meta repeats webhooks for up to 7 days (meta-calling.md §3.2); no connect comes later than that. */
const TOMBSTONE_KEPT_MS = 8 * 24 * 3_600_000;

/** The calls: one record each, and the timeline of what happened. */
export class SqlCallLog implements CallLog, CallQueries {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  async create(identity: CallIdentity, status: CallStatus, at: number, agent: AgentName | null): Promise<void> {
    const row: CallsTable = { ...newCall(identity, agent), status, created_at: at, updated_at: at };
    await this.#writes.run((db) => db.insertInto('calls').values(row).execute());
  }

  async update(id: string, patch: CallPatch, at: number): Promise<void> {
    const changes = { ...changedColumns(patch), updated_at: at };
    await this.#writes.run((db) => db.updateTable('calls').set(changes).where('id', '=', id).execute());
  }

  async append(id: string, event: TimelineEvent): Promise<void> {
    const row = { call_key: id, at: event.at, type: event.type, data: JSON.stringify(event.data) };
    await this.#writes.run((db) => db.insertInto('call_events').values(row).execute());
  }

  async keyOf(callId: string): Promise<string | null> {
    const row = await this.#db.selectFrom('calls').select('id').where('call_id', '=', callId).executeTakeFirst();
    return row?.id ?? null;
  }

  async unfinished(): Promise<readonly UnfinishedCall[]> {
    const rows = await this.#db
      .selectFrom('calls')
      .selectAll()
      .where('ending_class', 'is', null)
      .orderBy('created_at')
      .execute();
    return rows.map((row) => ({
      identity: identityOf(row),
      answered: row.session_started_at !== null,
      launched: row.launched === 1,
    }));
  }

  async bury(callId: string, at: number): Promise<void> {
    await this.#writes.run(async (db) => {
      await db
        .insertInto('tombstones')
        .values({ call_id: callId, at })
        .onConflict((conflict) => conflict.column('call_id').doNothing())
        .execute();
      await db
        .deleteFrom('tombstones')
        .where('at', '<', at - TOMBSTONE_KEPT_MS)
        .execute();
    });
  }

  async buried(callId: string): Promise<boolean> {
    const row = await this.#db.selectFrom('tombstones').select('at').where('call_id', '=', callId).executeTakeFirst();
    return row !== undefined;
  }

  async list(query: CallListQuery): Promise<CallPage> {
    return await listCalls(this.#db, query);
  }

  async find(callId: string): Promise<CallDetail | null> {
    const row = await this.#db
      .selectFrom('calls')
      .selectAll()
      .where((where) => where.or([where('id', '=', callId), where('call_id', '=', callId)]))
      .executeTakeFirst();
    return row === undefined ? null : toDetail(row);
  }

  async timeline(callId: string): Promise<readonly TimelineLine[]> {
    const rows = await this.#db
      .selectFrom('call_events')
      .innerJoin('calls', 'calls.id', 'call_events.call_key')
      .select(['call_events.at', 'call_events.type', 'call_events.data'])
      .where((where) => where.or([where('calls.id', '=', callId), where('calls.call_id', '=', callId)]))
      .orderBy('call_events.at')
      .orderBy('call_events.id')
      .execute();
    return rows.map((row) => ({ at: new Date(row.at).toISOString(), type: row.type, data: JSON.parse(row.data) }));
  }
}

function newCall(identity: CallIdentity, agent: AgentName | null) {
  return {
    id: identity.id,
    call_id: identity.callId,
    direction: identity.direction,
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
    agent_id: agent?.id ?? null,
    agent_name: agent?.name ?? null,
    ending_class: null,
    ending_reason: null,
    ended_by: null,
    ending_detail: null,
    quality: null,
    launched: 0,
  };
}

function changedColumns(patch: CallPatch): Updateable<CallsTable> {
  const { agent, ending, quality } = patch;
  return {
    ...(patch.status !== undefined && { status: patch.status }),
    ...(patch.sessionStartedAt !== undefined && { session_started_at: patch.sessionStartedAt }),
    ...(patch.endedAt !== undefined && { ended_at: patch.endedAt }),
    ...(patch.durationSeconds !== undefined && { duration_seconds: patch.durationSeconds }),
    ...(agent !== undefined && { agent_id: agent.id, agent_name: agent.name }),
    ...(patch.launched === true && { launched: 1 }),
    ...(quality !== undefined && { quality: quality === null ? null : JSON.stringify(quality) }),
    ...(ending !== undefined && {
      ending_class: ending.class,
      ending_reason: ending.reason,
      ended_by: ending.endedBy,
      ending_detail: ending.detail,
    }),
  };
}

function identityOf(row: Selectable<CallsTable>): CallIdentity {
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
