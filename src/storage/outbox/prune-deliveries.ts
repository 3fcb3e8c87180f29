import type { Kysely } from 'kysely';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import type { WebhookStore } from './webhook-store.ts';

type Which = (db: Kysely<Schema>) => Promise<readonly { readonly id: string; readonly event_id: string }[]>;

/**
 * Deletes at most `limit` deliveries that were finished before `before`, Unix milliseconds, or whose webhook was removed,
 * and the events that nobody has any more. Returns how many deliveries.
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
  return deleted + (await deleteSome(writes, finishedBefore(before, limit - deleted)));
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
    const gone = await which(db);
    if (gone.length === 0) return 0;
    const ids = gone.map(({ id }) => id);
    const eventIds = [...new Set(gone.map(({ event_id }) => event_id))];
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
    return gone.length;
  });
}
