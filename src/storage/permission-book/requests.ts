import type { Kysely } from 'kysely';
import type { Grant, UnsureRequest } from '../../permissions/ports.ts';
import { conversationFor } from '../contacts/conversations.ts';
import type { Schema } from '../schema.ts';
import { TOLD_OF_REQUEST, tellRequested } from './permission-events.ts';

/** Of requests that are older no report can tell: see `PairState`. */
const REPORTED_MS = 14 * 24 * 3_600_000;

/** A request as it is about to be sent. It counts from now on; that nobody knows of it yet is no reason to send two. */
export interface NewRequest {
  readonly id: string;
  readonly pairId: string;
  readonly phoneNumberId: string;
  /** The dial that asks; null for a request by itself. */
  readonly dialId: string | null;
  readonly template: boolean;
  /** Unix milliseconds. */
  readonly at: number;
}

export async function countRequest(db: Kysely<Schema>, request: NewRequest): Promise<void> {
  await db
    .insertInto('permission_requests')
    .values({
      id: request.id,
      pair_id: request.pairId,
      phone_number_id: request.phoneNumberId,
      dial_id: request.dialId,
      template: request.template ? 1 : 0,
      requested_at: request.at,
      message_id: null,
      answered_at: null,
      conversation_id: null,
    })
    .execute();
}

/** It counts from the moment that Graph has it, which is when Graph counts it. */
export async function markSent(
  db: Kysely<Schema>,
  id: string,
  messageId: string | null,
  requestedAt: number,
): Promise<void> {
  const request = await db
    .updateTable('permission_requests')
    .set({ requested_at: requestedAt, ...(messageId !== null && { message_id: messageId }) })
    .where('id', '=', id)
    .returning(TOLD_OF_REQUEST)
    .executeTakeFirst();
  if (request === undefined) return;
  const word = { pairId: request.pair_id, phoneNumberId: request.phone_number_id, at: requestedAt };
  await db
    .updateTable('permission_requests')
    .set({ conversation_id: await conversationFor(db, word) })
    .where('id', '=', id)
    .execute();
  await tellRequested(db, request, requestedAt);
}

export async function dropRequest(db: Kysely<Schema>, id: string): Promise<void> {
  await db.deleteFrom('permission_requests').where('id', '=', id).execute();
}

/** Requests without a name and without an answer, by what they count since. */
export async function unsureRequestIds(db: Kysely<Schema>, after: number, before: number): Promise<string[]> {
  const rows = await db
    .selectFrom('permission_requests')
    .select('id')
    // There is no index by time alone; there is one by number, kind and time.
    .where('phone_number_id', 'in', (numbers) => numbers.selectFrom('numbers').select('phone_number_id'))
    .where('template', 'in', [0, 1])
    .where('requested_at', '>', after)
    .where('requested_at', '<', before)
    .where('message_id', 'is', null)
    .where('answered_at', 'is', null)
    .orderBy('requested_at')
    .execute();
  return rows.map(({ id }) => id);
}

export async function unsureRequestOf(db: Kysely<Schema>, id: string): Promise<UnsureRequest | null> {
  const row = await db
    .selectFrom('permission_requests as request')
    .innerJoin('permission_pairs as pair', 'pair.id', 'request.pair_id')
    .leftJoin('calls as call', 'call.id', 'request.dial_id')
    .select(['request.pair_id', 'request.phone_number_id', 'request.dial_id', 'request.requested_at'])
    .select(['call.user_wa_id as given_wa_id', 'call.user_id as given_user_id', 'pair.wa_id', 'pair.user_id'])
    .where('request.id', '=', id)
    .where('request.message_id', 'is', null)
    .where('request.answered_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { dial_id: dialId, requested_at: at, given_wa_id: waId, given_user_id: userId } = row;
  return {
    id,
    phoneNumberId: row.phone_number_id,
    // Graph is given a number as it was written, where that is known; the ledger's spelling is for comparing.
    user: waId === null && userId === null ? { waId: row.wa_id, userId: row.user_id } : { waId, userId },
    dialId,
    at,
    times: dialId === null ? 1 : await timesAsked(db, dialId),
    taken: await takenRequests(db, row.pair_id, at - REPORTED_MS),
  };
}

async function timesAsked(db: Kysely<Schema>, dialId: string): Promise<number> {
  const { times } = await db
    .selectFrom('call_events')
    .select(({ fn }) => fn.countAll<number>().as('times'))
    .where('call_key', '=', dialId)
    .where('type', '=', 'permission_asked')
    .executeTakeFirstOrThrow();
  return times;
}

async function takenRequests(db: Kysely<Schema>, pairId: string, after: number): Promise<number[]> {
  const rows = await db
    .selectFrom('permission_requests')
    .select('requested_at')
    .where('pair_id', '=', pairId)
    .where('requested_at', '>', after)
    .where('message_id', 'is not', null)
    .orderBy('requested_at')
    .execute();
  return rows.map(({ requested_at }) => requested_at);
}

/**
 * Drops an unsure request, in the transaction of `db`, if it still is as it was read. The dial that asked; null if none did,
 * or if something was heard of it since.
 */
export async function dropLost(db: Kysely<Schema>, { id, at }: UnsureRequest): Promise<string | null> {
  const gone = await db
    .deleteFrom('permission_requests')
    .where('id', '=', id)
    .where('requested_at', '=', at)
    .where('message_id', 'is', null)
    .where('answered_at', 'is', null)
    .returning('dial_id')
    .executeTakeFirst();
  return gone?.dial_id ?? null;
}

/**
 * Marks what a reply answers, in the transaction of `db`: the request that it names, and those before it, which cannot be
 * answered once a newer one was (meta-calling.md §5). The reply may be here before Graph's own answer has told the name
 * of the request, so a name that nobody knows is that of a request without one.
 *
 * @param messageId what the reply names: a request's `wamid`, or the user's own call
 */
export async function markAnswered(
  db: Kysely<Schema>,
  pairId: string,
  messageId: string,
  { source, at }: Grant,
): Promise<void> {
  if (source !== 'request' && source !== 'declined') return;
  const named = await db
    .selectFrom('permission_requests')
    .select('requested_at')
    .where('pair_id', '=', pairId)
    .where('message_id', '=', messageId)
    .executeTakeFirst();
  await db
    .updateTable('permission_requests')
    .set({ answered_at: at })
    .where('pair_id', '=', pairId)
    .where('answered_at', 'is', null)
    .where((where) =>
      named === undefined ? where('message_id', 'is', null) : where('requested_at', '<=', named.requested_at),
    )
    .execute();
}

/** Requests of a dial to which no answer will come, because they never reached the user. They still count as sent. */
export async function markUndelivered(db: Kysely<Schema>, dialId: string, pairId: string, at: number): Promise<void> {
  await db
    .updateTable('permission_requests')
    .set({ answered_at: at })
    .where('pair_id', '=', pairId)
    .where('dial_id', '=', dialId)
    .where('answered_at', 'is', null)
    .execute();
}
