import type { Kysely } from 'kysely';
import type { EventWebhooks, NewEvent, Webhook, WebhookBook, WebhookStanding } from '../../events/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import type { Sealer } from '../seal.ts';
import type { QueueWatch } from './queue-watch.ts';
import { rowOfWebhook, webhookOf } from './webhook-row.ts';

interface Entry {
  readonly webhook: Webhook;
  /** All pauses that are over together. */
  readonly pausedMs: number;
}

/** Where events go. Kept in memory, because everything that happens asks; the rows are the truth. */
export class WebhookStore implements WebhookBook, EventWebhooks {
  readonly #writes: GroupCommit;
  readonly #sealer: Sealer;
  readonly #watch: QueueWatch;
  readonly #entries = new Map<string, Entry>();
  /** Those that are gone and still have deliveries. */
  readonly #removed = new Set<string>();

  private constructor(writes: GroupCommit, sealer: Sealer, watch: QueueWatch) {
    this.#writes = writes;
    this.#sealer = sealer;
    this.#watch = watch;
  }

  /** @throws SealError if the secrets were sealed under another master key */
  static async load(db: Kysely<Schema>, writes: GroupCommit, sealer: Sealer, watch: QueueWatch): Promise<WebhookStore> {
    const store = new WebhookStore(writes, sealer, watch);
    const rows = await db.selectFrom('webhooks').selectAll().orderBy('created_at').orderBy('id').execute();
    for (const row of rows) {
      if (row.removed === 0) {
        store.#entries.set(row.id, { webhook: webhookOf(row, sealer), pausedMs: row.paused_ms });
      } else store.#removed.add(row.id);
    }
    return store;
  }

  list(projectId: string, phoneNumberId?: string | null): readonly Webhook[] {
    return this.all().filter(
      (webhook) =>
        webhook.projectId === projectId && (phoneNumberId === undefined || webhook.phoneNumberId === phoneNumberId),
    );
  }

  get(id: string): Webhook | null {
    return this.#entries.get(id)?.webhook ?? null;
  }

  /** The ids of all webhooks, of all projects. */
  ids(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Of all projects. */
  all(): readonly Webhook[] {
    return [...this.#entries.values()].map(({ webhook }) => webhook);
  }

  /** Those that are gone and still have deliveries. */
  removed(): readonly string[] {
    return [...this.#removed];
  }

  /** How long it was paused, all pauses that are over together, milliseconds. */
  pausedMs(id: string): number {
    return this.#entries.get(id)?.pausedMs ?? 0;
  }

  /** The webhooks that are to be told of such an event. */
  hearing({ projectId, phoneNumberId, type }: Pick<NewEvent, 'projectId' | 'phoneNumberId' | 'type'>): Webhook[] {
    const hearing: Webhook[] = [];
    for (const { webhook } of this.#entries.values()) {
      if (webhook.projectId !== projectId || !webhook.active || webhook.standing.type === 'disabled') continue;
      if (webhook.phoneNumberId !== null && webhook.phoneNumberId !== phoneNumberId) continue;
      const wants =
        type === 'meta' ? webhook.kind === 'meta' : webhook.kind === 'kapso' && webhook.events.includes(type);
      if (wants) hearing.push(webhook);
    }
    return hearing;
  }

  async put(webhook: Webhook): Promise<void> {
    const row = rowOfWebhook(webhook, this.#sealer);
    const { id: _key, created_at: _created, ...changes } = row;
    // Looked up when it is this one's turn: another change may be on its way.
    const pausedMs = await this.#writes.run(async (db) => {
      const pausedMs = await pausedUntil(db, webhook);
      if (pausedMs === null) return null;
      await db
        .insertInto('webhooks')
        .values({ ...row, paused_ms: pausedMs })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...changes, paused_ms: pausedMs }))
        .execute();
      return pausedMs;
    });
    if (pausedMs === null) return;
    this.#entries.set(webhook.id, { webhook, pausedMs });
    this.#watch.changed(webhook.id);
  }

  async setStanding(id: string, standing: WebhookStanding, at: number): Promise<void> {
    const now = this.get(id);
    if (now === null) return;
    const { standing: type, standing_at, standing_why } = rowOfWebhook({ ...now, standing }, this.#sealer);
    const pausedMs = await this.#writes.run(async (db) => {
      const paused_ms = await pausedUntil(db, { id, standing, updatedAt: at });
      if (paused_ms === null) return null;
      const changes = { standing: type, standing_at, standing_why, paused_ms, updated_at: at };
      await db.updateTable('webhooks').set(changes).where('id', '=', id).execute();
      return paused_ms;
    });
    // As it is now: its owner may have changed it meanwhile.
    const webhook = this.get(id);
    if (pausedMs === null || webhook === null) return;
    this.#entries.set(id, { webhook: { ...webhook, standing, updatedAt: at }, pausedMs });
    this.#watch.changed(id);
  }

  async remove(id: string): Promise<boolean> {
    if (!this.#entries.has(id)) return false;
    await this.#writes.run((db) => db.updateTable('webhooks').set({ removed: 1 }).where('id', '=', id).execute());
    // Its deliveries are deleted a few at a time: there may be a million, and others want to write.
    this.#removed.add(id);
    const wasThere = this.#entries.delete(id);
    this.#watch.changed(id);
    return wasThere;
  }

  /** A webhook that was removed has no deliveries any more. */
  async forget(id: string): Promise<void> {
    await this.#writes.run((db) => db.deleteFrom('webhooks').where('id', '=', id).where('removed', '=', 1).execute());
    this.#removed.delete(id);
  }
}

/** How long the webhook was paused, with the pause that ends when it becomes what is given. Null if it was removed. */
async function pausedUntil(
  db: Kysely<Schema>,
  { id, standing, updatedAt }: Pick<Webhook, 'id' | 'standing' | 'updatedAt'>,
): Promise<number | null> {
  const before = await db
    .selectFrom('webhooks')
    .select(['standing', 'standing_at', 'paused_ms', 'removed'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (before === undefined) return 0;
  if (before.removed === 1) return null;
  const { standing: stood, standing_at, paused_ms } = before;
  const ends = stood === 'paused' && standing.type !== 'paused';
  return paused_ms + (ends ? Math.max(0, updatedAt - (standing_at ?? updatedAt)) : 0);
}
