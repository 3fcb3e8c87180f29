import type { Kysely, Selectable } from 'kysely';
import type { Schema } from '../schema.ts';
import type { QueuePlaces } from './queue-place.ts';
import type { WebhookDeliveriesTable } from './tables.ts';
import { promote } from './try-statements.ts';

/**
 * Has a delivery sent again, in the transaction of `db`. One that is finished goes behind those of its ordering key that are
 * not, with a schedule of its own; one that is at the head is tried at once; one that waits behind another stays where it is.
 */
export async function requeue(
  db: Kysely<Schema>,
  row: Selectable<WebhookDeliveriesTable>,
  places: QueuePlaces,
  at: number,
): Promise<void> {
  const { id, webhook_id: webhookId, ordering_key: orderingKey, status } = row;
  const change = db.updateTable('webhook_deliveries').where('id', '=', id);
  if (status === 'pending') {
    if (row.next_attempt_at !== null) await change.set({ next_attempt_at: at }).execute();
    return;
  }
  await change
    .set({
      status: 'pending',
      place: places.next(),
      next_attempt_at: null,
      tries: 0,
      first_try_at: null,
      finished_at: null,
    })
    .execute();
  await promote(db, [{ webhookId, orderingKey, at }]);
}
