import type { Kysely } from 'kysely';
import type { DeliveryLog, DeliveryQueue } from '../../events/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import type { Sealer } from '../seal.ts';
import type { Outbox } from './outbox.ts';
import { QueuePlaces } from './queue-place.ts';
import { QueueWatch } from './queue-watch.ts';
import { SqlDeliveryLog } from './sql-delivery-log.ts';
import { SqlDeliveryQueue } from './sql-delivery-queue.ts';
import { SqlOutbox } from './sql-outbox.ts';
import { WebhookStore } from './webhook-store.ts';

export interface OutboxStores {
  readonly webhooks: WebhookStore;
  readonly outbox: Outbox;
  /** What was sent, and what became of it. */
  readonly deliveries: DeliveryLog;
  /** What is to be sent. */
  readonly deliveryQueue: DeliveryQueue;
}

/** @throws SealError if the secrets of the webhooks were sealed under another master key */
export async function openOutbox(db: Kysely<Schema>, writes: GroupCommit, sealer: Sealer): Promise<OutboxStores> {
  const watch = new QueueWatch(writes);
  const places = await QueuePlaces.load(db);
  const webhooks = await WebhookStore.load(db, writes, sealer, watch);
  return {
    webhooks,
    outbox: new SqlOutbox(webhooks, places, watch),
    deliveries: new SqlDeliveryLog({ db, writes, webhooks, places, watch }),
    deliveryQueue: new SqlDeliveryQueue(db, writes, webhooks, watch),
  };
}
