import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Attempt, DeliveryQueue, DueDelivery, QueuedDelivery, Verdict } from '../../events/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import { Together } from '../together.ts';
import { pruneDeliveries } from './prune-deliveries.ts';
import { DUE_DELIVERIES, PENDING, QUEUED } from './queue-statements.ts';
import type { QueueWatch } from './queue-watch.ts';
import { recordTries, type Tried } from './try-statements.ts';
import type { WebhookStore } from './webhook-store.ts';

/** The deliveries that are under way. */
export class SqlDeliveryQueue implements DeliveryQueue {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;
  readonly #webhooks: WebhookStore;
  readonly #watch: QueueWatch;
  readonly #loads = new Together((take: () => readonly string[]) => this.#loadAll(take));
  readonly #records = new Together((take: () => readonly Tried[]) => this.#recordAll(take));

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

  async load(webhookId: string, id: string, dueBy: number): Promise<DueDelivery | null> {
    const row = await this.#loads.ask(id);
    if (row === null || (row.next_attempt_at ?? 0) > dueBy) return null;
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
    await this.#records.ask({ webhookId, id, attempt, verdict });
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

  async #loadAll(take: () => readonly string[]) {
    // What is begun together asks one after another, within one turn of the event loop.
    await setImmediate();
    const ids = take();
    const rows = await DUE_DELIVERIES.execute(this.#db, { ids: JSON.stringify(ids.map((id) => ({ id }))) });
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  async #recordAll(take: () => readonly Tried[]): Promise<readonly null[]> {
    return await this.#writes.run(async (db) => {
      const tried = take();
      const due = await recordTries(db, tried, (webhookId) => this.#webhooks.pausedMs(webhookId));
      for (const webhookId of due) this.#watch.changed(webhookId);
      return tried.map(() => null);
    });
  }
}
