import { sql } from 'kysely';
import { rowsOfJson } from '../json-rows.ts';
import { KeptQuery } from '../kept-query.ts';

/** As a literal: SQLite uses a partial index only where it sees its condition. */
export const PENDING = sql.lit('pending' as const);

/** What is at the head of its ordering key, soonest first. */
export const QUEUED = new KeptQuery((db, { webhookId, limit }: { webhookId: string; limit: number }) =>
  db
    .selectFrom('webhook_deliveries')
    .select(['id', 'next_attempt_at'])
    .where('webhook_id', '=', webhookId)
    .where('next_attempt_at', 'is not', null)
    .orderBy('next_attempt_at')
    .orderBy('place')
    .limit(limit),
);

/** @param ids of deliveries, as a JSON list of objects */
export const DUE_DELIVERIES = new KeptQuery((db, { ids }: { ids: string }) =>
  db
    .selectFrom('webhook_deliveries as delivery')
    .innerJoin('webhook_events as event', 'event.id', 'delivery.event_id')
    .select([
      'delivery.id',
      'delivery.event_id',
      'delivery.type',
      'delivery.idempotency_key',
      'delivery.tries',
      'delivery.first_try_at',
      'delivery.paused_before_ms',
      'delivery.next_attempt_at',
      'event.body',
    ])
    .where('delivery.id', 'in', sql<string>`(select id from ${rowsOfJson(db, ids, 'asked', { id: 'text' })})`)
    .where('delivery.next_attempt_at', 'is not', null),
);

interface NewDelivery extends Readonly<Record<string, string | number>> {
  readonly id: string;
  readonly webhook_id: string;
  readonly event_id: string;
  readonly project_id: string;
  readonly phone_number_id: string;
  readonly type: string;
  readonly ordering_key: string;
  readonly idempotency_key: string;
  readonly place: number;
  readonly created_at: number;
}

/** Puts a delivery into the queue: due at once, or behind what is unfinished of its ordering key. */
export const DELIVERY = new KeptQuery((db, row: NewDelivery) => {
  const ahead = db
    .selectFrom('webhook_deliveries')
    .select('id')
    .where('webhook_id', '=', row.webhook_id)
    .where('ordering_key', '=', row.ordering_key)
    .where('status', '=', PENDING);
  return db
    .insertInto('webhook_deliveries')
    .values({
      ...row,
      type: sql`${row.type}`,
      status: PENDING,
      next_attempt_at: sql`case when exists ${ahead} then null else cast(${row.created_at} as bigint) end`,
    })
    .returning('next_attempt_at');
});
