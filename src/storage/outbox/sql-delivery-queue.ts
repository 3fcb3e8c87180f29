import type { Kysely } from 'kysely';
import type { Attempt, DeliveryQueue, DueDelivery, QueuedDelivery, Verdict } from '../../events/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import { pruneDeliveries } from './prune-deliveries.ts';
import {
  AFTER_TRY,
  ATTEMPT,
  attemptRow,
  DUE_DELIVERY,
  PENDING,
  PROMOTE,
  QUEUED,
  tryValues,
} from './queue-statements.ts';
import type { QueueWatch } from './queue-watch.ts';
import type { WebhookStore } from './webhook-store.ts';

/** The deliveries that are under way. */
export class SqlDeliveryQueue implements DeliveryQueue {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;
  readonly #webhooks: WebhookStore;
  readonly #watch: QueueWatch;

  constructor(db: Kysely<Schema>, writes: GroupCommit, webhooks: WebhookStore, watch: QueueWatch) {
    this.#db = db;
    this.#writes = writes;
    this.#webhooks = webhooks;
    this.#watch = watch;
  }

  onChange(listener: (webhookId: string) => void): void {
    this.#watch.listen(listener);
  }

  async queued(webhookId: string, limit: number): Promise<readonly QueuedDelivery[]> {
    const rows = await QUEUED.execute(this.#db, { webhookId, limit });
    return rows.map(({ id, next_attempt_at }) => ({ id, dueAt: next_attempt_at ?? 0 }));
  }

  async load(webhookId: string, id: string): Promise<DueDelivery | null> {
    const [row] = await DUE_DELIVERY.execute(this.#db, { id });
    if (row === undefined) return null;
    return {
      id,
      eventId: row.event_id,
      type: row.type,
      idempotencyKey: row.idempotency_key,
      body: row.body,
      tries: row.tries,
      firstTryAt: row.first_try_at,
      pausedMs: row.first_try_at === null ? 0 : this.#webhooks.pausedMs(webhookId) - row.paused_before_ms,
    };
  }

  async record(webhookId: string, id: string, attempt: Attempt, verdict: Verdict): Promise<void> {
    await this.#writes.run(async (db) => {
      const values = tryValues(id, attempt, verdict, this.#webhooks.pausedMs(webhookId));
      const [after] = await AFTER_TRY.execute(db, values);
      // It went with its webhook.
      if (after === undefined) return;
      await ATTEMPT.execute(db, attemptRow(id, after.attempts, attempt));
      if (values.finishedAt === null) return;
      const next = { webhookId, orderingKey: after.ordering_key, at: values.finishedAt };
      if ((await PROMOTE.execute(db, next)).length > 0) this.#watch.changed(webhookId);
    });
  }

  async giveUp(webhookId: string, at: number, limit: number): Promise<number> {
    const { numUpdatedRows } = await this.#writes.run((db) =>
      db
        .updateTable('webhook_deliveries')
        .set({ status: 'failed', next_attempt_at: null, finished_at: at })
        .where('id', 'in', (of) =>
          of
            .selectFrom('webhook_deliveries')
            .select('id')
            .where('webhook_id', '=', webhookId)
            .where('status', '=', PENDING)
            .limit(limit),
        )
        .executeTakeFirstOrThrow(),
    );
    return Number(numUpdatedRows);
  }

  async prune(before: number, limit: number): Promise<number> {
    return await pruneDeliveries(this.#writes, this.#webhooks, before, limit);
  }
}
