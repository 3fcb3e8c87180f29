import { type Kysely, sql } from 'kysely';
import type { Attempt, Verdict } from '../../events/ports.ts';
import { rowsOfJson } from '../json-rows.ts';
import { KeptQuery } from '../kept-query.ts';
import type { Schema } from '../schema.ts';
import { PENDING } from './queue-statements.ts';

/** What came of a try. */
export interface Tried {
  readonly webhookId: string;
  readonly id: string;
  readonly attempt: Attempt;
  readonly verdict: Verdict;
}

/**
 * Writes tries down, each of another delivery, in the transaction of `db`: counts them, draws their conclusions, and makes
 * due what waited behind those that are finished. Three statements for any number, for it is done with every event.
 *
 * @param pausedMs how long the webhook was paused until now, all pauses that are over together
 * @returns the ids of the webhooks that have something due now
 */
export async function recordTries(
  db: Kysely<Schema>,
  tried: readonly Tried[],
  pausedMs: (webhookId: string) => number,
): Promise<ReadonlySet<string>> {
  const outcomes = tried.map((each) => outcomeOf(each, pausedMs(each.webhookId)));
  const rows = await AFTER_TRIES.execute(db, { tries: JSON.stringify(outcomes) });
  // One that is not there went with its webhook.
  const after = new Map(rows.map((row) => [row.id, row]));
  const attempts = tried.flatMap(({ id, attempt }) => {
    const row = after.get(id);
    return row === undefined ? [] : [attemptRow(id, row.attempts, attempt)];
  });
  if (attempts.length === 0) return new Set();
  await ATTEMPTS.execute(db, { attempts: JSON.stringify(attempts) });
  const finished = outcomes.flatMap(({ id, webhook_id: webhookId, over_at: at }) => {
    const row = after.get(id);
    return row === undefined || at === null ? [] : [{ webhookId, orderingKey: row.ordering_key, at }];
  });
  return await promote(db, finished);
}

/** A call, or what else has an order, of which a delivery is finished or was queued again. */
export interface Moved {
  readonly webhookId: string;
  readonly orderingKey: string;
  /** When, Unix milliseconds. */
  readonly at: number;
}

/**
 * Makes the first of each ordering key due if it has waited behind another, in the transaction of `db`.
 *
 * @returns the ids of the webhooks that have something due now
 */
export async function promote(db: Kysely<Schema>, moved: readonly Moved[]): Promise<ReadonlySet<string>> {
  if (moved.length === 0) return new Set();
  // Each key once: a row that is named twice would be changed by one of the two, by chance.
  const keys = new Map(
    moved.map(({ webhookId, orderingKey, at }) => [`${webhookId} ${orderingKey}`, { webhookId, orderingKey, at }]),
  );
  const rows = [...keys.values()].map((each) => ({
    webhook_id: each.webhookId,
    ordering_key: each.orderingKey,
    at: each.at,
  }));
  const due = await PROMOTE.execute(db, { moved: JSON.stringify(rows) });
  return new Set(due.map(({ webhook_id }) => webhook_id));
}

function outcomeOf({ id, webhookId, attempt, verdict }: Tried, pausedMs: number) {
  const endedAt = attempt.at + Math.round(attempt.durationMs);
  const stand = {
    delivered: { outcome: 'delivered', next_at: null, over_at: endedAt },
    retry: { outcome: 'pending', next_at: verdict.type === 'retry' ? verdict.at : null, over_at: null },
    given_up: { outcome: 'failed', next_at: null, over_at: endedAt },
  } as const;
  const isTaken = verdict.type === 'delivered' ? 1 : 0;
  const answer = { at: attempt.at, response: attempt.status, is_taken: isTaken, paused_ms: pausedMs };
  return { id, webhook_id: webhookId, ...answer, ...stand[verdict.type] };
}

interface AfterTry {
  readonly id: string;
  readonly attempts: number;
  readonly ordering_key: string;
}

/** SQLite takes no other name of the table where it returns what it changed; in both, `id` alone could be that of either. */
const DELIVERY_ID = sql.ref('webhook_deliveries.id');

/** One that was given up meanwhile, because its webhook hears nothing any more, stays so unless it was taken. */
const AFTER_TRIES = new KeptQuery((db, { tries }: { readonly tries: string }) => {
  const tried = rowsOfJson(db, tries, 'tried', {
    id: 'text',
    at: 'bigint',
    response: 'bigint',
    is_taken: 'bigint',
    paused_ms: 'bigint',
    outcome: 'text',
    next_at: 'bigint',
    over_at: 'bigint',
  });
  const counts = sql`status = ${PENDING} or tried.is_taken = 1`;
  const query = sql<AfterTry>`
    update webhook_deliveries set
      status = case when ${counts} then tried.outcome else status end,
      next_attempt_at = case when ${counts} then tried.next_at else next_attempt_at end,
      finished_at = case when ${counts} then tried.over_at else finished_at end,
      attempts = attempts + 1,
      tries = tries + 1,
      first_try_at = coalesce(first_try_at, tried.at),
      paused_before_ms = case when first_try_at is null then tried.paused_ms else paused_before_ms end,
      had_error = case when tried.is_taken = 1 then had_error else 1 end,
      response_status = tried.response
    from ${tried}
    where ${DELIVERY_ID} = tried.id
    returning ${DELIVERY_ID}, attempts, ordering_key`;
  return { compile: () => query.compile(db) };
});

function attemptRow(deliveryId: string, number: number, attempt: Attempt) {
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

const ATTEMPTS = new KeptQuery((db, { attempts }: { readonly attempts: string }) => {
  const columns = {
    delivery_id: 'text',
    number: 'bigint',
    at: 'bigint',
    duration_ms: 'bigint',
    status: 'bigint',
    error: 'text',
    response_excerpt: 'text',
    request_headers: 'text',
  } as const satisfies Record<keyof ReturnType<typeof attemptRow>, 'text' | 'bigint'>;
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
  const rows = rowsOfJson(db, attempts, 'attempt', columns);
  const query = sql`insert into webhook_attempts (${names}) select ${names} from ${rows}`;
  return { compile: () => query.compile(db) };
});

const PROMOTE = new KeptQuery((db, { moved }: { readonly moved: string }) => {
  const keys = rowsOfJson(db, moved, 'moved', { webhook_id: 'text', ordering_key: 'text', at: 'bigint' });
  const query = sql<{ readonly webhook_id: string }>`
    update webhook_deliveries set next_attempt_at = head.at
    from (
      select moved.at, (
        select waiting.id from webhook_deliveries as waiting
        where waiting.webhook_id = moved.webhook_id
          and waiting.ordering_key = moved.ordering_key
          and waiting.status = ${PENDING}
        order by waiting.place
        limit 1
      ) as id
      from ${keys}
    ) as head
    where ${DELIVERY_ID} = head.id and next_attempt_at is null
    returning webhook_id`;
  return { compile: () => query.compile(db) };
});
