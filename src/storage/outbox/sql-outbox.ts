import type { Kysely } from 'kysely';
import type { NewEvent } from '../../events/ports.ts';
import { KeptQuery } from '../kept-query.ts';
import type { Schema } from '../schema.ts';
import { orderedId } from './ordered-id.ts';
import type { Outbox } from './outbox.ts';
import type { QueuePlaces } from './queue-place.ts';
import { DELIVERY } from './queue-statements.ts';
import type { QueueWatch } from './queue-watch.ts';
import type { WebhookStore } from './webhook-store.ts';

/** Events as rows, in the transaction of what they tell of. */
export class SqlOutbox implements Outbox {
  readonly #webhooks: WebhookStore;
  readonly #places: QueuePlaces;
  readonly #watch: QueueWatch;

  constructor(webhooks: WebhookStore, places: QueuePlaces, watch: QueueWatch) {
    this.#webhooks = webhooks;
    this.#places = places;
    this.#watch = watch;
  }

  isHeard(projectId: string, phoneNumberId: string, type: NewEvent['type']): boolean {
    return this.#webhooks.hearing({ projectId, phoneNumberId, type }).length > 0;
  }

  async emit(db: Kysely<Schema>, event: NewEvent): Promise<void> {
    const webhooks = this.#webhooks.hearing(event);
    if (webhooks.length === 0) return;
    const row = rowOf(event);
    const isNew = (await EVENT.execute(db, row)).length > 0;
    if (!isNew) return;
    const { id: event_id, at: created_at, body: _body, ...about } = row;
    for (const { id: webhook_id } of webhooks) {
      const ids = { id: orderedId(created_at), webhook_id, event_id };
      const place = this.#places.next();
      const [delivery] = await DELIVERY.execute(db, { ...about, ...ids, place, created_at });
      if (delivery?.next_attempt_at !== null) this.#watch.changed(webhook_id);
    }
  }
}

function rowOf(event: NewEvent) {
  return {
    id: orderedId(event.at),
    project_id: event.projectId,
    phone_number_id: event.phoneNumberId,
    type: event.type,
    ordering_key: event.orderingKey,
    idempotency_key: event.idempotencyKey,
    at: event.at,
    body: event.body,
  };
}

/** Gives the row's id; nothing for an event that was told before. */
const EVENT = new KeptQuery((db, row: ReturnType<typeof rowOf>) =>
  db
    .insertInto('webhook_events')
    .values(row)
    .onConflict((conflict) => conflict.columns(['phone_number_id', 'idempotency_key']).doNothing())
    .returning('id'),
);
