import { type Kysely, type Selectable, sql } from 'kysely';
import type { Page } from '../../calls-api/ports.ts';
import type { Attempt, Delivery, DeliveryDetail, DeliveryLog, DeliveryQuery } from '../../events/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import { keysetPage } from '../keyset-page.ts';
import type { Schema } from '../schema.ts';
import type { QueuePlaces } from './queue-place.ts';
import { PENDING } from './queue-statements.ts';
import type { QueueWatch } from './queue-watch.ts';
import { requeue } from './requeue.ts';
import type { WebhookDeliveriesTable } from './tables.ts';
import type { WebhookStore } from './webhook-store.ts';

type DeliveryRow = Selectable<WebhookDeliveriesTable>;

export interface DeliveryLogParts {
  readonly db: Kysely<Schema>;
  readonly writes: GroupCommit;
  readonly webhooks: WebhookStore;
  readonly places: QueuePlaces;
  readonly watch: QueueWatch;
}

/** Sent again in one transaction; a span may hold a million. */
const BATCH = 200;

/** What was sent to whom, and what became of it. */
export class SqlDeliveryLog implements DeliveryLog {
  readonly #parts: DeliveryLogParts;

  constructor(parts: DeliveryLogParts) {
    this.#parts = parts;
  }

  async list(query: DeliveryQuery): Promise<Page<Delivery>> {
    const page = await keysetPage(this.#matching(query), 'webhook_deliveries', query);
    return { ...page, data: page.data.map(deliveryOf) };
  }

  async find(projectId: string, id: string): Promise<DeliveryDetail | null> {
    const { db } = this.#parts;
    const row = await this.#mine(db, projectId)
      .innerJoin('webhook_events', 'webhook_events.id', 'webhook_deliveries.event_id')
      .selectAll('webhook_deliveries')
      .select('webhook_events.body')
      .where('webhook_deliveries.id', '=', id)
      .executeTakeFirst();
    if (row === undefined) return null;
    const attempts = await db
      .selectFrom('webhook_attempts')
      .selectAll()
      .where('delivery_id', '=', id)
      .orderBy('number')
      .execute();
    const attemptLog = attempts.map(
      (each): Attempt => ({
        at: each.at,
        durationMs: each.duration_ms,
        status: each.status,
        error: each.error,
        responseExcerpt: each.response_excerpt,
        requestHeaders: JSON.parse(each.request_headers),
      }),
    );
    return { ...deliveryOf(row), body: row.body, attemptLog };
  }

  async redeliver(projectId: string, id: string, at: number): Promise<boolean> {
    const { writes, places, watch } = this.#parts;
    return await writes.run(async (db) => {
      const row = await this.#mine(db, projectId).selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) return false;
      await requeue(db, row, places, at);
      watch.changed(row.webhook_id);
      return true;
    });
  }

  async redeliverSpan(
    webhookId: string,
    { since, until, status }: { since: number; until: number; status: Delivery['status'] | null },
    at: number,
  ): Promise<number> {
    const { writes, places, watch } = this.#parts;
    let last: Pick<DeliveryRow, 'created_at' | 'id'> = { created_at: since, id: '' };
    for (let count = 0; ; ) {
      const rows = await writes.run(async (db) => {
        const batch = await db
          .selectFrom('webhook_deliveries')
          .selectAll()
          .where('webhook_id', '=', webhookId)
          .where(sql<boolean>`(created_at, id) > (${last.created_at}, ${last.id})`)
          .where('created_at', '<=', until)
          .$if(status !== null, (query) => query.where('status', '=', status!))
          .orderBy('created_at')
          .orderBy('id')
          .limit(BATCH)
          .execute();
        for (const row of batch) await requeue(db, row, places, at);
        if (batch.length > 0) watch.changed(webhookId);
        return batch;
      });
      count += rows.length;
      const end = rows.at(-1);
      if (end === undefined || rows.length < BATCH) return count;
      last = end;
    }
  }

  #mine(db: Kysely<Schema>, projectId: string) {
    const removed = this.#parts.webhooks.removed();
    return db
      .selectFrom('webhook_deliveries')
      .where('webhook_deliveries.project_id', '=', projectId)
      .$if(removed.length > 0, (query) => query.where('webhook_deliveries.webhook_id', 'not in', removed));
  }

  #matching({ projectId, webhookId, type, status, phoneNumberId, errorsOnly, since, until }: DeliveryQuery) {
    let rows = this.#mine(this.#parts.db, projectId).selectAll('webhook_deliveries');
    // As literals: SQLite uses a partial index only where it sees its condition.
    if (errorsOnly) rows = rows.where('had_error', '=', sql.lit(1));
    if (status !== null) rows = rows.where('status', '=', status === 'pending' ? PENDING : sql.lit(status));
    if (webhookId !== null) rows = rows.where('webhook_id', '=', webhookId);
    // What failed or waits is little, and has an index of its own: SQLite would take that of all of a number or a type.
    const isFew = errorsOnly || (status !== null && status !== 'delivered');
    const column = (name: 'type' | 'phone_number_id') => (isFew ? sql<string>`coalesce(${sql.ref(name)}, '')` : name);
    if (type !== null) rows = rows.where(column('type'), '=', type);
    if (phoneNumberId !== null) rows = rows.where(column('phone_number_id'), '=', phoneNumberId);
    if (since !== null) rows = rows.where('created_at', '>=', since);
    return until === null ? rows : rows.where('created_at', '<=', until);
  }
}

function deliveryOf(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    eventId: row.event_id,
    type: row.type,
    phoneNumberId: row.phone_number_id,
    orderingKey: row.ordering_key,
    idempotencyKey: row.idempotency_key,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    responseStatus: row.response_status,
  };
}
