import type { Kysely } from 'kysely';
import type { Ending } from '../../call/index.ts';
import type { UserRef, WaitingDial, WaitingEnding } from '../../permissions/ports.ts';
import { appendEvent } from '../call-row.ts';
import type { Schema } from '../schema.ts';
import { endCall } from '../write-call.ts';
import { keepWaiting, statusOf, writeDialRecord } from './dial-record.ts';
import { findPairs, pairFor } from './pairs.ts';
import { markUndelivered } from './requests.ts';

/**
 * Keeps a dial that waits, in the transaction of `db`. One that has a record but does not wait any more was placed or
 * given up by somebody who was quicker, and stays so.
 *
 * @param at when its record changes, Unix milliseconds
 */
export async function keepDial(db: Kysely<Schema>, dial: WaitingDial, at: number): Promise<void> {
  const { order, state } = dial;
  const kept = await db.selectFrom('dials').select(['pair_id', 'state']).where('id', '=', order.id).executeTakeFirst();
  if (kept !== undefined) {
    await keepWaiting(db, dial, kept.pair_id, null);
    if (statusOf(kept.state) === statusOf(state)) return;
    await db
      .updateTable('calls')
      .set({ status: statusOf(state), updated_at: at })
      .where('id', '=', order.id)
      .execute();
    return;
  }
  const record = await db.selectFrom('calls').select('id').where('id', '=', order.id).executeTakeFirst();
  if (record !== undefined) return;
  const pairId = await pairFor(db, order.phoneNumberId, order.user, at);
  await writeDialRecord(db, order, pairId, statusOf(state), null);
  await keepWaiting(db, dial, pairId, null);
  await appendEvent(db, order.id, order.createdAt, 'dial_waits', { for: state, until: dial.nextAt });
}

/** Has a dial looked at that waits for an answer which will not come, in the transaction of `db`. */
export async function wakeDial(db: Kysely<Schema>, id: string, at: number): Promise<void> {
  const dial = await waitingDial(db, id);
  if (dial === null || dial.state !== 'awaiting_permission') return;
  await keepDial(db, { ...dial, nextAt: at }, at);
  await appendEvent(db, id, at, 'permission_request_lost', {});
}

/** Ends a dial that waits, in the transaction of `db`. False if it does not wait any more. */
export async function giveUpDial(db: Kysely<Schema>, id: string, ending: WaitingEnding, at: number): Promise<boolean> {
  const gone = await db.deleteFrom('dials').where('id', '=', id).returning('pair_id').executeTakeFirst();
  if (gone === undefined) return false;
  if (ending === 'request_refused') await markUndelivered(db, id, gone.pair_id, at);
  return await endCall(db, id, ENDINGS[ending], at);
}

/** Ends a dial that was let through and that no machine has, in the transaction of `db`. One that waits goes on waiting. */
export async function abandonDial(db: Kysely<Schema>, id: string, ending: Ending, at: number): Promise<void> {
  const waits = await db.selectFrom('dials').select('id').where('id', '=', id).executeTakeFirst();
  if (waits === undefined) await endCall(db, id, ending, at);
}

export async function waitingDial(db: Kysely<Schema>, id: string): Promise<WaitingDial | null> {
  const row = await dials(db).where('dials.id', '=', id).executeTakeFirst();
  return row === undefined ? null : dialOf(row);
}

export async function dueDials(db: Kysely<Schema>, now: number, limit: number): Promise<readonly WaitingDial[]> {
  const rows = await dials(db)
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(dialOf);
}

export async function nextDueTime(db: Kysely<Schema>): Promise<number | null> {
  const row = await db
    .selectFrom('dials')
    .select(({ fn }) => fn.min('due_at').as('at'))
    .executeTakeFirst();
  return row?.at ?? null;
}

/** Those that wait for the user's word, the oldest first. */
export async function dialsOfUser(
  db: Kysely<Schema>,
  phoneNumberId: string,
  user: UserRef,
): Promise<readonly WaitingDial[]> {
  const pairs = await findPairs(db, phoneNumberId, user);
  if (pairs.length === 0) return [];
  const ids = pairs.map(({ id }) => id);
  const rows = await dials(db)
    .where('dials.pair_id', 'in', ids)
    .where('state', '=', 'awaiting_permission')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(dialOf);
}

export async function dialOfMessage(db: Kysely<Schema>, messageId: string): Promise<WaitingDial | null> {
  const row = await dials(db)
    .innerJoin('permission_requests', 'permission_requests.dial_id', 'dials.id')
    .where('permission_requests.message_id', '=', messageId)
    .where('state', '=', 'awaiting_permission')
    .executeTakeFirst();
  return row === undefined ? null : dialOf(row);
}

/** A dial that is taken back has not rung, but ends as one that is taken back while it rings. */
const ENDINGS: Readonly<Record<WaitingEnding, Ending>> = {
  permission_declined: { class: 'rejected', reason: 'permission_declined', endedBy: 'user', detail: null },
  permission_expired: { class: 'rejected', reason: 'permission_expired', endedBy: 'bridge', detail: null },
  request_refused: { class: 'rejected', reason: 'request_refused', endedBy: 'meta', detail: null },
  dial_denied: { class: 'rejected', reason: 'dial_denied', endedBy: 'bridge', detail: null },
  cancelled: { class: 'missed', reason: 'cancelled', endedBy: 'api', detail: null },
};

function dials(db: Kysely<Schema>) {
  return db.selectFrom('dials').select(['dials.asked_for', 'dials.state', 'dials.next_at']);
}

function dialOf(row: { asked_for: string; state: WaitingDial['state']; next_at: number | null }): WaitingDial {
  return { order: JSON.parse(row.asked_for), state: row.state, nextAt: row.next_at };
}
