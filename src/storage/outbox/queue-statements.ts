import { sql } from 'kysely';
import type { Attempt, Verdict } from '../../events/ports.ts';
import { KeptQuery } from '../kept-query.ts';

/** As a literal: SQLite uses a partial index only where it sees its condition. */
export const PENDING = sql.lit('pending' as const);

const ONE = sql.lit(1);

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

export const DUE_DELIVERY = new KeptQuery((db, { id }: { id: string }) =>
  db
    .selectFrom('webhook_deliveries as delivery')
    .innerJoin('webhook_events as event', 'event.id', 'delivery.event_id')
    .select([
      'delivery.event_id',
      'delivery.type',
      'delivery.idempotency_key',
      'delivery.tries',
      'delivery.first_try_at',
      'delivery.paused_before_ms',
      'event.body',
    ])
    .where('delivery.id', '=', id)
    .where('delivery.next_attempt_at', 'is not', null),
);

export function tryValues(id: string, attempt: Attempt, verdict: Verdict, pausedMs: number) {
  const endedAt = attempt.at + Math.round(attempt.durationMs);
  const stand = {
    delivered: { status: 'delivered', next: null, finishedAt: endedAt },
    retry: { status: 'pending', next: verdict.type === 'retry' ? verdict.at : null, finishedAt: null },
    given_up: { status: 'failed', next: null, finishedAt: endedAt },
  } as const;
  const isTaken = verdict.type === 'delivered' ? 1 : 0;
  return { id, at: attempt.at, response: attempt.status, isTaken, pausedMs, ...stand[verdict.type] };
}

/**
 * Counts a try and draws its conclusion. One that was given up meanwhile, because its webhook hears nothing any more, stays
 * so unless it was taken.
 */
export const AFTER_TRY = new KeptQuery((db, values: ReturnType<typeof tryValues>) => {
  const counts = sql`status = ${PENDING} or ${values.isTaken} = 1`;
  return db
    .updateTable('webhook_deliveries')
    .set({
      status: sql`case when ${counts} then ${values.status} else status end`,
      next_attempt_at: sql`case when ${counts} then ${values.next} else next_attempt_at end`,
      finished_at: sql`case when ${counts} then ${values.finishedAt} else finished_at end`,
      attempts: sql`attempts + 1`,
      tries: sql`tries + 1`,
      first_try_at: sql`coalesce(first_try_at, ${values.at})`,
      paused_before_ms: sql`case when first_try_at is null then ${values.pausedMs} else paused_before_ms end`,
      had_error: sql`case when ${values.isTaken} = 1 then had_error else 1 end`,
      response_status: values.response,
    })
    .where('id', '=', values.id)
    .returning(['attempts', 'ordering_key']);
});

export function attemptRow(deliveryId: string, number: number, attempt: Attempt) {
  return {
    delivery_id: deliveryId,
    number,
    at: attempt.at,
    duration_ms: Math.round(attempt.durationMs),
    status: attempt.status,
    error: attempt.error,
    response_excerpt: attempt.responseExcerpt,
    request_headers: JSON.stringify(attempt.requestHeaders),
  };
}

export const ATTEMPT = new KeptQuery((db, row: ReturnType<typeof attemptRow>) =>
  db.insertInto('webhook_attempts').values(row),
);

interface PromoteValues extends Readonly<Record<string, string | number>> {
  readonly webhookId: string;
  readonly orderingKey: string;
  readonly at: number;
}

/** The first of an ordering key is due if it has waited behind another. */
export const PROMOTE = new KeptQuery((db, { webhookId, orderingKey, at }: PromoteValues) =>
  db
    .updateTable('webhook_deliveries')
    .set({ next_attempt_at: at })
    .where('id', '=', (head) =>
      head
        .selectFrom('webhook_deliveries')
        .select('id')
        .where('webhook_id', '=', webhookId)
        .where('ordering_key', '=', orderingKey)
        .where('status', '=', PENDING)
        .orderBy('place')
        .limit(ONE),
    )
    .where('next_attempt_at', 'is', null)
    .returning('id'),
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
