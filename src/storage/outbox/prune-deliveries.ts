import type { Kysely, Selectable } from 'kysely';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import { PENDING } from './queue-statements.ts';
import type { WebhookDeliveriesTable } from './tables.ts';
import { promote } from './try-statements.ts';
import type { WebhookStore } from './webhook-store.ts';

type Old = Pick<Selectable<WebhookDeliveriesTable>, 'id' | 'event_id'>;
type Which = (db: Kysely<Schema>) => Promise<readonly Old[]>;

/**
 * Deletes at most `limit` deliveries that were finished before `before`, Unix milliseconds, whose webhook was removed, or
 * that have waited since then for somebody to resume their webhook; and the events that nobody has any more. Returns how
 * many deliveries.
 */
export async function pruneDeliveries(
  writes: GroupCommit,
  webhooks: WebhookStore,
  before: number,
  limit: number,
): Promise<number> {
  let deleted = 0;
  for (const webhookId of webhooks.removed()) {
    deleted += await pruneRemoved(writes, webhooks, webhookId, limit - deleted);
    if (deleted >= limit) return deleted;
  }
  for (const { id, standing } of webhooks.all()) {
    if (standing.type === 'paused') deleted += await pruneWaiting(writes, id, before, limit - deleted);
    if (deleted >= limit) return deleted;
  }
  return deleted + (await deleteSome(writes, finishedBefore(before, limit - deleted)));
}

/** A receiver that nobody looks after is paused for good, and what is kept for it would grow with every call. */
async function pruneWaiting(writes: GroupCommit, webhookId: string, before: number, limit: number): Promise<number> {
  return await writes.run(async (db) => {
    const old = await db
      .selectFrom('webhook_deliveries')
      .select(['id', 'event_id', 'ordering_key'])
      .where('webhook_id', '=', webhookId)
      .where('created_at', '<', before)
      .where('status', '=', PENDING)
      .orderBy('created_at')
      .limit(limit)
      .execute();
    await deleteAll(db, old);
    await promote(
      db,
      old.map(({ ordering_key: orderingKey }) => ({ webhookId, orderingKey, at: before })),
    );
    return old.length;
  });
}

/** Deletes at most `limit` deliveries of a webhook that was removed, and forgets it with the last. */
export async function pruneRemoved(
  writes: GroupCommit,
  webhooks: WebhookStore,
  webhookId: string,
  limit: number,
): Promise<number> {
  const deleted = await deleteSome(writes, (db) =>
    db
      .selectFrom('webhook_deliveries')
      .select(['id', 'event_id'])
      .where('webhook_id', '=', webhookId)
      .limit(limit)
      .execute(),
  );
  if (deleted < limit) await webhooks.forget(webhookId);
  return deleted;
}

function finishedBefore(before: number, limit: number): Which {
  return (db) =>
    db
      .selectFrom('webhook_deliveries')
      .select(['id', 'event_id'])
      .where('finished_at', '<', before)
      .where('finished_at', 'is not', null)
      .orderBy('finished_at')
      .limit(limit)
      .execute();
}

async function deleteSome(writes: GroupCommit, which: Which): Promise<number> {
  return await writes.run(async (db) => {
    const old = await which(db);
    await deleteAll(db, old);
    return old.length;
  });
}

async function deleteAll(db: Kysely<Schema>, old: readonly Old[]): Promise<void> {
  if (old.length === 0) return;
  const ids = old.map(({ id }) => id);
  const eventIds = [...new Set(old.map(({ event_id }) => event_id))];
  // Their attempts go with them.
  await db.deleteFrom('webhook_deliveries').where('id', 'in', ids).execute();
  await db
    .deleteFrom('webhook_events')
    .where('id', 'in', eventIds)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('webhook_deliveries')
            .select('webhook_deliveries.id')
            .whereRef('webhook_deliveries.event_id', '=', 'webhook_events.id'),
        ),
      ),
    )
    .execute();
}
