import type { InsertObject, Kysely, UpdateObject } from 'kysely';
import type { CallPatch, Ending } from '../call/index.ts';
import { TOLD, tellBegin, tellChange, tellEnd } from './call-events.ts';
import { appendEvent, endingColumns, statusAfter } from './call-row.ts';
import type { Schema } from './schema.ts';

/**
 * Every write that begins, changes or ends a call is one of these, in the transaction of `db`: so that others are told of
 * each, in that transaction, and of none twice.
 */
export async function insertCall(db: Kysely<Schema>, row: InsertObject<Schema, 'calls'>, at: number): Promise<void> {
  const call = await db.insertInto('calls').values(row).returning(TOLD).executeTakeFirstOrThrow();
  if (row.status !== 'scheduled' && row.status !== 'awaiting_permission') await tellBegin(db, call, at);
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

/** Writes what a machine has for the record. `columns`: the patch as columns. */
export async function changeCall(
  db: Kysely<Schema>,
  id: string,
  columns: UpdateObject<Schema, 'calls'>,
  patch: CallPatch,
  at: number,
): Promise<void> {
  const { ending } = patch;
  const change = db.updateTable('calls').set(columns).where('id', '=', id);
  if (ending === undefined) {
    const call = await change.returning(TOLD).executeTakeFirst();
    if (call !== undefined) await tellChange(db, call, patch, at);
    return;
  }
  const call = await change.where('ending_class', 'is', null).returning(TOLD).executeTakeFirst();
  if (call !== undefined) await tellEnd(db, call, ending.class, at);
  // It was over, and now it is known better; others were told once.
  else await change.execute();
}

/**
 * Ends a call that no machine has: its record gets the ending and the timeline its last line. False if it is over already.
 */
export async function endCall(db: Kysely<Schema>, id: string, ending: Ending, at: number): Promise<boolean> {
  const call = await db
    .updateTable('calls')
    .set({ ...endingColumns(ending), status: statusAfter(ending), ended_at: at, updated_at: at })
    .where('id', '=', id)
    .where('ending_class', 'is', null)
    .returning(TOLD)
    .executeTakeFirst();
  if (call === undefined) return false;
  const { class: kind, reason, endedBy, detail } = ending;
  await appendEvent(db, id, at, 'ended', { class: kind, reason, endedBy, detail });
  await tellEnd(db, call, kind, at);
  return true;
}
