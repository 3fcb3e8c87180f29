import type { Kysely } from 'kysely';
import type { Sweep, Swept } from '../../runtime/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';

/** In one transaction, with all that hangs on them. */
const PAIRS_AT_ONCE = 100;

/**
 * Walks the contacts and deletes what of them is older than `before` and leads to nothing any more: requests for permission,
 * conversations without calls and messages, and at last the contact itself. One whom nobody has called or written to for
 * that long stays while it allows calls, and if a client has noted something of it.
 */
export class ContactSweep implements Sweep {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;
  readonly #before: number;
  #after = '';

  /** @param before Unix milliseconds */
  constructor(db: Kysely<Schema>, writes: GroupCommit, before: number) {
    this.#db = db;
    this.#writes = writes;
    this.#before = before;
  }

  async step(): Promise<Swept> {
    const pairs = await this.#db
      .selectFrom('permission_pairs')
      .select('id')
      .where('id', '>', this.#after)
      .orderBy('id')
      .limit(PAIRS_AT_ONCE)
      .execute();
    const last = pairs.at(-1);
    if (last === undefined) return { deleted: 0, done: true };
    this.#after = last.id;
    const ids = pairs.map(({ id }) => id);
    return { deleted: await this.#writes.run((db) => sweep(db, ids, this.#before)), done: false };
  }
}

async function sweep(db: Kysely<Schema>, pairIds: readonly string[], before: number): Promise<number> {
  const deleted = [
    await deleteRequests(db, pairIds, before),
    await deleteConversations(db, pairIds, before),
    await deletePairs(db, pairIds, before),
  ];
  return deleted.reduce((sum, { numDeletedRows }) => sum + Number(numDeletedRows), 0);
}

/** Limits count requests of the last 14 days (permission-book/usage.ts). A dial that waits goes with its own. */
async function deleteRequests(db: Kysely<Schema>, pairIds: readonly string[], before: number) {
  return await db
    .deleteFrom('permission_requests')
    .where('pair_id', 'in', pairIds)
    .where('requested_at', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('dials').select('dials.id').whereRef('dials.id', '=', 'permission_requests.dial_id'))),
    )
    .executeTakeFirstOrThrow();
}

async function deleteConversations(db: Kysely<Schema>, pairIds: readonly string[], before: number) {
  return await db
    .deleteFrom('conversations')
    .where('pair_id', 'in', pairIds)
    .where('last_active_at', '<', before)
    .where(({ and, not, exists, selectFrom }) =>
      and([
        not(
          exists(
            selectFrom('calls')
              .select('calls.id')
              // By the index of its pair: there is none by conversation.
              .whereRef('calls.pair_id', '=', 'conversations.pair_id')
              .whereRef('calls.conversation_id', '=', 'conversations.id'),
          ),
        ),
        not(
          exists(
            selectFrom('permission_requests')
              .select('permission_requests.id')
              .whereRef('permission_requests.pair_id', '=', 'conversations.pair_id')
              .whereRef('permission_requests.conversation_id', '=', 'conversations.id'),
          ),
        ),
        not(
          exists(
            selectFrom('messages').select('messages.id').whereRef('messages.conversation_id', '=', 'conversations.id'),
          ),
        ),
      ]),
    )
    .executeTakeFirstOrThrow();
}

async function deletePairs(db: Kysely<Schema>, pairIds: readonly string[], before: number) {
  return await db
    .deleteFrom('permission_pairs')
    .where('id', 'in', pairIds)
    .where('updated_at', '<', before)
    .where('metadata', 'is', null)
    .where('display_name', 'is', null)
    .where(({ or, eb }) => or([eb('grant_status', 'is', null), eb('grant_status', '!=', 'permanent')]))
    .where(({ and, or, eb }) =>
      and(
        (['grant_expires_at', 'grant_at', 'live_at', 'refused_until', 'window_until'] as const).map((column) =>
          or([eb(column, 'is', null), eb(column, '<', before)]),
        ),
      ),
    )
    .where(({ and, not, exists, selectFrom }) =>
      and(
        (['calls', 'dials', 'permission_requests', 'conversations', 'messages'] as const).map((table) =>
          not(exists(selectFrom(table).select(`${table}.id`).whereRef(`${table}.pair_id`, '=', 'permission_pairs.id'))),
        ),
      ),
    )
    .executeTakeFirstOrThrow();
}
