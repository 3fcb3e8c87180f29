import type { Kysely } from 'kysely';
import type { CallIdentity, CallPatch, CallStatus, TimelineEvent } from '../call/index.ts';
import type {
  CallDetail,
  CallFilter,
  CallListQuery,
  CallPage,
  CallQueries,
  CallRecord,
  CountedPage,
  TimelineLine,
} from '../calls-api/ports.ts';
import type { AgentName, CallLog, RecordedCall, UnfinishedCall } from '../runtime/ports.ts';
import { callDetail } from './call-detail.ts';
import { listCalls, listNumberedCalls } from './call-list.ts';
import { appendEvent, identityOf, newCall } from './call-row.ts';
import { conversationFor } from './contacts/conversations.ts';
import type { GroupCommit } from './group-commit.ts';
import { KeptQuery } from './kept-query.ts';
import { hasName, linkedPair, openWindow, pairFor, WINDOW_MS } from './permission-book/pairs.ts';
import type { Schema } from './schema.ts';
import { changeCall, insertCall } from './write-call.ts';

/** Meta repeats webhooks for up to 7 days (meta-calling.md §3.2); no connect comes later than that. */
const TOMBSTONE_KEPT_MS = 8 * 24 * 3_600_000;

/**
 * The calls: one record each, and the timeline of what happened. The permission ledger counts them, so each call belongs
 * to the pair of its number and its user.
 */
export class SqlCallLog implements CallLog, CallQueries {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  async create(identity: CallIdentity, status: CallStatus, at: number, agent: AgentName | null): Promise<void> {
    await this.#writes.run(async (db) => {
      const pairId = await pairOf(db, identity, at);
      const { phoneNumberId, user } = identity;
      const profile = { name: user.name, username: null, parentUserId: user.parentUserId };
      const word = { phoneNumberId, at, profile };
      const conversationId = pairId === null ? null : await conversationFor(db, { ...word, pairId });
      const placedAt = identity.direction === 'outbound' ? at : null;
      const row = newCall(identity, {
        status,
        agent,
        followed: false,
        pairId,
        conversationId,
        placedAt,
        createdAt: at,
      });
      await insertCall(db, row, at);
    });
  }

  async update(id: string, patch: CallPatch, at: number): Promise<void> {
    await this.#writes.run(async (db) => {
      await changeCall(db, id, patch, at);
      if (patch.sessionStartedAt !== undefined) await openWindowOfDial(db, id, patch.sessionStartedAt);
    });
  }

  async append(id: string, event: TimelineEvent): Promise<void> {
    await this.#writes.run((db) => appendEvent(db, id, event.at, event.type, event.data));
  }

  async keyOf(callId: string): Promise<string | null> {
    const [row] = await KEY_OF.execute(this.#db, { callId });
    return row?.id ?? null;
  }

  async recorded(key: string): Promise<RecordedCall | null> {
    const row = await this.#db.selectFrom('calls').selectAll().where('id', '=', key).executeTakeFirst();
    return row === undefined ? null : { identity: identityOf(row), over: row.ending_class !== null };
  }

  async unfinished(): Promise<readonly UnfinishedCall[]> {
    const rows = await this.#db
      .selectFrom('calls')
      .selectAll()
      .where('ending_class', 'is', null)
      .where('status', 'not in', ['scheduled', 'awaiting_permission'])
      .orderBy('created_at')
      .execute();
    return rows.map((row) => ({
      identity: identityOf(row),
      answered: row.session_started_at !== null,
      launched: row.launched === 1,
      followed: row.followed === 1,
    }));
  }

  async bury(callId: string, at: number): Promise<void> {
    await this.#writes.run(async (db) => {
      await BURY.execute(db, { call_id: callId, at });
      await FORGET_BURIED.execute(db, { before: at - TOMBSTONE_KEPT_MS });
    });
  }

  async buried(callId: string): Promise<boolean> {
    return (await BURIED.execute(this.#db, { callId })).length > 0;
  }

  async list(query: CallListQuery): Promise<CallPage> {
    return await listCalls(this.#db, query);
  }

  async listNumbered(filter: CallFilter, page: { number: number; size: number }): Promise<CountedPage<CallRecord>> {
    return await listNumberedCalls(this.#db, filter, page);
  }

  async find(projectId: string, callId: string): Promise<CallDetail | null> {
    return await callDetail(this.#db, callId, projectId);
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

type CallId = { readonly callId: string };

const KEY_OF = new KeptQuery((db, { callId }: CallId) =>
  db.selectFrom('calls').select('id').where('call_id', '=', callId),
);
const BURIED = new KeptQuery((db, { callId }: CallId) =>
  db.selectFrom('tombstones').select('at').where('call_id', '=', callId),
);
const BURY = new KeptQuery((db, row: { readonly call_id: string; readonly at: number }) =>
  db
    .insertInto('tombstones')
    .values(row)
    .onConflict((conflict) => conflict.column('call_id').doNothing()),
);
const FORGET_BURIED = new KeptQuery((db, { before }: { readonly before: number }) =>
  db.deleteFrom('tombstones').where('at', '<', before),
);

/** A webhook that names the user by number and by BSUID makes one pair of two; of a dial, the names are a client's. */
async function pairOf(db: Kysely<Schema>, { direction, phoneNumberId, user, startedAt }: CallIdentity, at: number) {
  if (!hasName(user)) return null;
  if (direction === 'outbound') return await pairFor(db, phoneNumberId, user, at);
  const pairId = await linkedPair(db, phoneNumberId, user, at);
  // A call of the user opens it answered or not.
  await openWindow(db, pairId, startedAt + WINDOW_MS);
  return pairId;
}

async function openWindowOfDial(db: Kysely<Schema>, id: string, pickedUpAt: number): Promise<void> {
  const call = await db.selectFrom('calls').select(['direction', 'pair_id']).where('id', '=', id).executeTakeFirst();
  if (call?.direction !== 'outbound' || call.pair_id === null) return;
  await openWindow(db, call.pair_id, pickedUpAt + WINDOW_MS);
}
