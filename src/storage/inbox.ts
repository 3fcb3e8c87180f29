import type { Kysely } from 'kysely';
import type { Inbox, RawWebhook, StoredWebhook, WorkedOff } from '../signaling/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import { KeptQuery } from './kept-query.ts';
import type { Schema, WebhookInboxTable } from './schema.ts';

const NOTHING = new Uint8Array();

/** The raw webhooks, from before they are answered until they are pruned. */
export class SqlInbox implements Inbox {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  async store(webhook: RawWebhook): Promise<number | null> {
    return await this.#writes.run(async (db) => {
      const [row] = await STORE.execute(db, {
        received_at: webhook.receivedAt,
        source: webhook.source,
        delivery_key: webhook.deliveryKey,
        body: webhook.body,
        speaks_for: webhook.speaksFor === undefined ? null : JSON.stringify(webhook.speaksFor),
      });
      return row?.id ?? null;
    });
  }

  async pending(limit: number, after = 0): Promise<readonly StoredWebhook[]> {
    const rows = await this.#db
      .selectFrom('webhook_inbox')
      .select(['id', 'received_at', 'source', 'delivery_key', 'body', 'speaks_for'])
      .where('done_at', 'is', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      receivedAt: row.received_at,
      source: row.source,
      deliveryKey: row.delivery_key,
      body: Buffer.from(row.body.buffer, row.body.byteOffset, row.body.byteLength),
      ...(row.speaks_for !== null && { speaksFor: JSON.parse(row.speaks_for) }),
    }));
  }

  async done(id: number, at: number, { outcome, keepBody }: WorkedOff): Promise<void> {
    const changes = { id, done_at: at, outcome };
    await this.#writes.run((db) =>
      keepBody ? CLOSE.execute(db, changes) : CLOSE_EMPTY.execute(db, { ...changes, body: NOTHING }),
    );
  }

  async prune(before: number): Promise<number> {
    return await this.#writes.run(async (db) => {
      const { numDeletedRows } = await db
        .deleteFrom('webhook_inbox')
        .where('done_at', '<', before)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }
}

type Stored = Pick<WebhookInboxTable, 'received_at' | 'source' | 'delivery_key' | 'body' | 'speaks_for'>;

const STORE = new KeptQuery((db, row: Stored) =>
  db
    .insertInto('webhook_inbox')
    .values({ ...row, done_at: null, outcome: null })
    .onConflict((conflict) => conflict.column('delivery_key').doNothing())
    .returning('id'),
);

type Closed = { readonly id: number; readonly done_at: number; readonly outcome: string };

const CLOSE = new KeptQuery(closeRow<Closed>);
const CLOSE_EMPTY = new KeptQuery(closeRow<Closed & Pick<WebhookInboxTable, 'body'>>);

function closeRow<C extends Closed>(db: Kysely<Schema>, { id, ...changes }: C) {
  return db.updateTable('webhook_inbox').set(changes).where('id', '=', id);
}
