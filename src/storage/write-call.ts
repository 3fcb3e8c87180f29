import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { CallPatch, Ending } from '../call/index.ts';
import { TOLD, type ToldCall, tellBegin, tellChange, tellEnd } from './call-events.ts';
import { appendEvent, endingColumns, type NewRow, statusAfter } from './call-row.ts';
import { KeptQueries } from './kept-query.ts';
import { projectOfNumber } from './project-of-number.ts';
import type { CallsTable, Schema } from './schema.ts';

/*
 * Every write that begins, changes or ends a call is one of these, in the transaction of `db`: so that others are told of
 * each, in that transaction, and of none twice.
 */

/** A write is tried for this long, and waits for those before it (GroupCommit). */
const COMMITTED_WITHIN_MS = 10_000;

/** Its project is the one that has the number now. `agentId`: of an agent that is looked up, and is null if it is gone. */
export async function insertCall(
  db: Kysely<Schema>,
  row: NewRow,
  at: number,
  agentId: string | null = null,
): Promise<void> {
  const latest = row.created_at + COMMITTED_WITHIN_MS;
  const [call] = await INSERT.execute(db, { ...row, latest, ...(agentId !== null && { of_agent: agentId }) });
  if (row.status !== 'scheduled' && row.status !== 'awaiting_permission') await tellBegin(db, call!, at);
}

/** Lets a call that waited through to Graph. */
export async function placeCall(db: Kysely<Schema>, id: string, conversationId: string, at: number): Promise<void> {
  const call = await db
    .updateTable('calls')
    .set({ status: 'initiated', conversation_id: conversationId, started_at: at, placed_at: at, updated_at: at })
    .where('id', '=', id)
    .returning(TOLD)
    .executeTakeFirst();
  if (call !== undefined) await tellBegin(db, call, at);
}

/** Writes what a machine has for the record. */
export async function changeCall(db: Kysely<Schema>, id: string, patch: CallPatch, at: number): Promise<void> {
  const changes = { id, ...changedColumns(patch), updated_at: at };
  const { ending } = patch;
  if (ending === undefined) {
    const [call] = await CHANGE.execute(db, changes);
    if (call !== undefined) await tellChange(db, call, patch, at);
    return;
  }
  const [call] = await END.execute(db, changes);
  if (call !== undefined) await tellEnd(db, call, ending.class, at);
  // It was over, and now it is known better; others were told once.
  else await CHANGE.execute(db, changes);
}

/**
 * Ends a call that no machine has: its record gets the ending and the timeline its last line. False if it is over already.
 */
export async function endCall(db: Kysely<Schema>, id: string, ending: Ending, at: number): Promise<boolean> {
  const changes = { ...endingColumns(ending), status: statusAfter(ending), ended_at: at, updated_at: at };
  const [call] = await END.execute(db, { id, ...changes });
  if (call === undefined) return false;
  const { class: kind, reason, endedBy, detail } = ending;
  await appendEvent(db, id, at, 'ended', { class: kind, reason, endedBy, detail });
  await tellEnd(db, call, kind, at);
  return true;
}

type Insert = NewRow & { readonly latest: number; readonly of_agent?: string };

const INSERT = new KeptQueries<Insert, ToldCall>((db, { latest, of_agent, ...row }) =>
  db
    .insertInto('calls')
    .values({
      ...row,
      ...(of_agent !== undefined && agentColumns(db, of_agent)),
      project_id: projectOfNumber(row.phone_number_id),
      created_at: afterOthers(row.phone_number_id, row.created_at, latest),
    })
    .returning(TOLD),
);

/**
 * Records are committed one after the other, a moment after the time that they have, and lists are in the order of that time:
 * without this, who asks for what is newer than a cursor would never hear of a call that had its time before and was
 * committed after. A clock that was set back by more is not followed.
 */
function afterOthers(phoneNumberId: string, at: number, latest: number): RawBuilder<number> {
  const newest = sql<number>`(select max(created_at) from calls where project_id = ${projectOfNumber(phoneNumberId)})`;
  return sql<number>`case when ${newest} between ${at} and ${latest} then ${newest} + 1 else ${at} end`;
}

function agentColumns(db: Kysely<Schema>, id: string) {
  const agent = db.selectFrom('voice_agents').where('id', '=', id);
  return { agent_id: agent.select('id'), agent_name: agent.select('name') };
}

/** Columns of a call that change, and which call. */
type Changes = Pick<CallsTable, 'id' | 'updated_at'> & Partial<CallsTable>;

function changedColumns(patch: CallPatch): Partial<CallsTable> {
  const { agent, ending, quality } = patch;
  return {
    ...(patch.status !== undefined && { status: patch.status }),
    ...(patch.callId !== undefined && { call_id: patch.callId }),
    ...(patch.sessionStartedAt !== undefined && { session_started_at: patch.sessionStartedAt }),
    ...(patch.endedAt !== undefined && { ended_at: patch.endedAt }),
    ...(patch.durationSeconds !== undefined && { duration_seconds: patch.durationSeconds }),
    ...(agent !== undefined && { agent_id: agent.id, agent_name: agent.name }),
    ...(patch.launched === true && { launched: 1 }),
    ...(quality !== undefined && { quality: quality === null ? null : JSON.stringify(quality) }),
    ...(ending !== undefined && endingColumns(ending)),
  };
}

const CHANGE = new KeptQueries<Changes, ToldCall>((db, changes) => changeOf(db, changes).returning(TOLD));
const END = new KeptQueries<Changes, ToldCall>((db, changes) =>
  changeOf(db, changes).where('ending_class', 'is', null).returning(TOLD),
);

function changeOf(db: Kysely<Schema>, { id, call_id, session_started_at, ...columns }: Changes) {
  const change = db.updateTable('calls').where('id', '=', id).set(columns);
  const named = call_id === undefined ? change : change.set({ call_id: freeName(call_id) });
  return session_started_at === undefined ? named : named.set({ session_started_at: firstOf(session_started_at) });
}

/**
 * Meta's name for a record that is being changed, unless another record has it: whose it was first it stays, and what else
 * is written of the second is written all the same. A webhook may name a client's call by a guess (LiveCalls).
 */
function freeName(callId: string): RawBuilder<string> {
  return sql<string>`case when exists (select 1 from calls as others where others.call_id = ${callId} and others.id <> calls.id) then call_id else ${callId} end`;
}

/** The first word on when a call was picked up holds: limits that are counted from it must not move. */
function firstOf(pickedUpAt: number | null): RawBuilder<number> {
  return sql<number>`coalesce(session_started_at, ${pickedUpAt})`;
}
