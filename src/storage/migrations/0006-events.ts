import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What happened, whom it is told, and every attempt to tell it. */
export const events: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createWebhooks(db);
    await createEvents(db);
    await createDeliveries(db);
    await createAttempts(db);
  },
};

async function createWebhooks({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('webhooks')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('project_id', 'text', (column) => column.notNull())
    .addColumn('phone_number_id', 'text')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('secret_sealed', 'text', (column) => column.notNull())
    .addColumn('headers_sealed', 'text', (column) => column.notNull())
    .addColumn('events', 'text', (column) => column.notNull())
    .addColumn('active', 'integer', (column) => column.notNull())
    .addColumn('standing', 'text', (column) => column.notNull())
    .addColumn('standing_at', 'bigint')
    .addColumn('standing_why', 'text')
    .addColumn('paused_ms', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('removed', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
}

async function createEvents({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('webhook_events')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('project_id', 'text', (column) => column.notNull())
    .addColumn('phone_number_id', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('ordering_key', 'text', (column) => column.notNull())
    .addColumn('idempotency_key', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    // One webhook of Meta's may be about two numbers, and is then an event of each.
    .addUniqueConstraint('webhook_events_once', ['phone_number_id', 'idempotency_key'])
    .execute();
}

async function createDeliveries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('webhook_deliveries')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    // No reference: a webhook that is removed must not make the write fail that tells of a call.
    .addColumn('webhook_id', 'text', (column) => column.notNull())
    .addColumn('event_id', 'text', (column) => column.notNull().references('webhook_events.id'))
    .addColumn('project_id', 'text', (column) => column.notNull())
    .addColumn('phone_number_id', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('ordering_key', 'text', (column) => column.notNull())
    .addColumn('idempotency_key', 'text', (column) => column.notNull())
    .addColumn('place', 'bigint', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('next_attempt_at', 'bigint')
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('tries', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('first_try_at', 'bigint')
    .addColumn('paused_before_ms', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('had_error', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('response_status', 'integer')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('finished_at', 'bigint')
    .execute();
  // Only what is under way: the history may grow as long as it likes.
  await indexDeliveries(
    db,
    'webhook_deliveries_due',
    'webhook_id, next_attempt_at, place, id',
    'next_attempt_at is not null',
  );
  await indexDeliveries(db, 'webhook_deliveries_order', 'webhook_id, ordering_key, place', "status = 'pending'");
  // The lists, with the filters that leave little of much.
  await indexDeliveries(db, 'webhook_deliveries_of_project', 'project_id, created_at, id');
  await indexDeliveries(db, 'webhook_deliveries_of_webhook', 'webhook_id, created_at, id');
  await indexDeliveries(db, 'webhook_deliveries_of_number', 'project_id, phone_number_id, created_at, id');
  await indexDeliveries(db, 'webhook_deliveries_of_type', 'project_id, type, created_at, id');
  await indexDeliveries(db, 'webhook_deliveries_pending', 'project_id, created_at, id', "status = 'pending'");
  await indexDeliveries(db, 'webhook_deliveries_failed', 'project_id, created_at, id', "status = 'failed'");
  await indexDeliveries(db, 'webhook_deliveries_errors', 'project_id, created_at, id', 'had_error = 1');
  // For what is old enough to go.
  await indexDeliveries(db, 'webhook_deliveries_finished', 'finished_at', 'finished_at is not null');
  await indexDeliveries(db, 'webhook_deliveries_of_event', 'event_id');
}

async function indexDeliveries(db: Kysely<unknown>, name: string, columns: string, only?: string): Promise<void> {
  const where = only === undefined ? sql`` : sql`where ${sql.raw(only)}`;
  await sql`create index ${sql.ref(name)} on webhook_deliveries (${sql.raw(columns)}) ${where}`.execute(db);
}

async function createAttempts({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('webhook_attempts')
    .addColumn('delivery_id', 'text', (column) =>
      column.notNull().references('webhook_deliveries.id').onDelete('cascade'),
    )
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('duration_ms', 'integer', (column) => column.notNull())
    .addColumn('status', 'integer')
    .addColumn('error', 'text')
    .addColumn('response_excerpt', 'text')
    .addColumn('request_headers', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('webhook_attempts_of_delivery', ['delivery_id', 'number'])
    .execute();
}
