import type { Kysely } from 'kysely';
import type { Grant } from '../../permissions/ports.ts';
import type { Schema } from '../schema.ts';

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
  const changes = { requested_at: requestedAt, ...(messageId !== null && { message_id: messageId }) };
  await db.updateTable('permission_requests').set(changes).where('id', '=', id).execute();
}

export async function dropRequest(db: Kysely<Schema>, id: string): Promise<void> {
  await db.deleteFrom('permission_requests').where('id', '=', id).execute();
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
