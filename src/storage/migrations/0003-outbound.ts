import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The tables as this step finds them. */
interface Tables {
  calls: { direction: string; created_at: number; placed_at: number | null };
}

/** Calls that we place: the permission ledger, dials that wait, requests for permission, idempotency keys. */
export const outbound: Migration = {
  async up(db: Kysely<Tables>): Promise<void> {
    await createPermissionPairs(db);
    await createPermissionRequests(db);
    await createDials(db);
    await createIdempotencyKeys(db);
    await db.schema
      .createTable('number_states')
      .addColumn('phone_number_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('paused_code', 'integer')
      .addColumn('paused_until', 'bigint')
      .addColumn('paused_at', 'bigint')
      .execute();
    await db.schema
      .alterTable('numbers')
      .addColumn('dial_rules', 'text', (column) => column.notNull().defaultTo('{}'))
      .execute();
    await extendCalls(db);
  },
};

async function createPermissionPairs(db: Kysely<Tables>): Promise<void> {
  // A pair has one name or both; of several nulls a unique constraint says nothing, on either database.
  await db.schema
    .createTable('permission_pairs')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('phone_number_id', 'text', (column) => column.notNull())
    .addColumn('wa_id', 'text')
    .addColumn('user_id', 'text')
    .addColumn('grant_status', 'text')
    .addColumn('grant_expires_at', 'bigint')
    .addColumn('grant_source', 'text')
    .addColumn('grant_at', 'bigint')
    .addColumn('live', 'text')
    .addColumn('live_at', 'bigint')
    .addColumn('refused_code', 'integer')
    .addColumn('refused_until', 'bigint')
    .addColumn('window_until', 'bigint')
    .addColumn('streak_since', 'bigint')
    .addUniqueConstraint('permission_pairs_wa_id', ['phone_number_id', 'wa_id'])
    .addUniqueConstraint('permission_pairs_user_id', ['phone_number_id', 'user_id'])
    .execute();
}

async function createPermissionRequests(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('permission_requests')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('pair_id', 'text', (column) => column.notNull().references('permission_pairs.id'))
    .addColumn('phone_number_id', 'text', (column) => column.notNull())
    .addColumn('dial_id', 'text')
    .addColumn('template', 'integer', (column) => column.notNull())
    .addColumn('requested_at', 'bigint', (column) => column.notNull())
    .addColumn('message_id', 'text')
    .addColumn('answered_at', 'bigint')
    .execute();
  await db.schema
    .createIndex('permission_requests_of_pair')
    .on('permission_requests')
    .columns(['pair_id', 'requested_at'])
    .execute();
  await db.schema
    .createIndex('permission_requests_by_template')
    .on('permission_requests')
    .columns(['phone_number_id', 'template', 'requested_at', 'pair_id'])
    .execute();
  await db.schema
    .createIndex('permission_requests_message')
    .on('permission_requests')
    .column('message_id')
    .where('message_id' as never, 'is not', null)
    .execute();
}

async function createDials(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('dials')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull().references('calls.id').onDelete('cascade'))
    .addColumn('pair_id', 'text', (column) => column.notNull().references('permission_pairs.id'))
    .addColumn('asked_for', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('asked_at', 'bigint')
    .addColumn('next_at', 'bigint')
    .addColumn('deadline_at', 'bigint')
    .addColumn('due_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('dials_due').on('dials').columns(['due_at', 'created_at', 'id']).execute();
  await db.schema.createIndex('dials_of_pair').on('dials').column('pair_id').execute();
}

async function createIdempotencyKeys(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('key', 'text', (column) => column.primaryKey().notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('dial_id', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('idempotency_keys_age').on('idempotency_keys').column('at').execute();
}

/** Usage is counted from the calls at every decision, so each count has an index that holds only what it counts. */
async function extendCalls(db: Kysely<Tables>): Promise<void> {
  const { schema } = db;
  await schema.alterTable('calls').addColumn('pair_id', 'text').execute();
  await schema
    .alterTable('calls')
    .addColumn('followed', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('calls').addColumn('placed_at', 'bigint').execute();
  await db
    .updateTable('calls')
    .set((row) => ({ placed_at: row.ref('created_at') }))
    .where('direction', '=', 'outbound')
    .execute();
  await schema
    .createIndex('calls_of_pair')
    .on('calls')
    .columns(['pair_id', 'session_started_at'])
    .where('pair_id' as never, 'is not', null)
    .execute();
  await schema
    .createIndex('calls_unanswered')
    .on('calls')
    .columns(['pair_id', 'ended_at'])
    .where('pair_id' as never, 'is not', null)
    .where('session_started_at' as never, 'is', null)
    .execute();
  await schema
    .createIndex('calls_live_of_pair')
    .on('calls')
    .columns(['pair_id', 'status'])
    .where('pair_id' as never, 'is not', null)
    .where('ending_class' as never, 'is', null)
    .execute();
  await schema
    .createIndex('calls_live')
    .on('calls')
    .columns(['phone_number_id', 'status', 'ending_class'])
    .where('ending_class' as never, 'is', null)
    .execute();
  await schema
    .createIndex('calls_placed')
    .on('calls')
    .columns(['phone_number_id', 'placed_at'])
    .where('placed_at' as never, 'is not', null)
    .execute();
  await schema
    .createIndex('calls_refused')
    .on('calls')
    .columns(['phone_number_id', 'placed_at'])
    .where('ending_reason' as never, '=', 'connect_refused')
    .execute();
}
