import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { columnTypes } from './column-types.ts';

/** Inbox, call log, tombstones, debts and numbers. */
export const foundation: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { counter, countUp, bytes } = columnTypes(db);
    await db.schema
      .createTable('webhook_inbox')
      .addColumn('id', counter, countUp)
      .addColumn('received_at', 'bigint', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('delivery_key', 'text', (column) => column.notNull().unique())
      .addColumn('body', bytes, (column) => column.notNull())
      .addColumn('done_at', 'bigint')
      .addColumn('outcome', 'text')
      .execute();
    await db.schema
      .createIndex('webhook_inbox_pending')
      .on('webhook_inbox')
      .column('id')
      .where('done_at' as never, 'is', null)
      .execute();
    await db.schema.createIndex('webhook_inbox_done').on('webhook_inbox').column('done_at').execute();

    await db.schema
      .createTable('calls')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('call_id', 'text', (column) => column.notNull().unique())
      .addColumn('direction', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('phone_number_id', 'text', (column) => column.notNull())
      .addColumn('display_phone_number', 'text')
      .addColumn('user_wa_id', 'text')
      .addColumn('user_id', 'text')
      .addColumn('parent_user_id', 'text')
      .addColumn('user_name', 'text')
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('session_started_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .addColumn('duration_seconds', 'integer')
      .addColumn('cta_payload', 'text')
      .addColumn('deeplink_payload', 'text')
      .addColumn('biz_opaque_callback_data', 'text')
      .addColumn('agent_id', 'text')
      .addColumn('agent_name', 'text')
      .addColumn('ending_class', 'text')
      .addColumn('ending_reason', 'text')
      .addColumn('ended_by', 'text')
      .addColumn('ending_detail', 'text')
      .addColumn('quality', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('calls_newest')
      .on('calls')
      .columns(['phone_number_id', 'created_at desc', 'id desc'])
      .execute();
    await db.schema
      .createIndex('calls_unfinished')
      .on('calls')
      .column('created_at')
      .where('ending_class' as never, 'is', null)
      .execute();

    await db.schema
      .createTable('call_events')
      .addColumn('id', counter, countUp)
      .addColumn('call_key', 'text', (column) => column.notNull().references('calls.id').onDelete('cascade'))
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('call_events_timeline').on('call_events').columns(['call_key', 'at', 'id']).execute();

    await db.schema
      .createTable('tombstones')
      .addColumn('call_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('tombstones_age').on('tombstones').column('at').execute();

    await db.schema
      .createTable('graph_debts')
      .addColumn('call_id', 'text', (column) => column.notNull())
      .addColumn('action', 'text', (column) => column.notNull())
      .addColumn('phone_number_id', 'text', (column) => column.notNull())
      .addColumn('since', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('graph_debts_key', ['call_id', 'action'])
      .execute();

    await db.schema
      .createTable('numbers')
      .addColumn('phone_number_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('display_phone_number', 'text')
      .addColumn('credential_kind', 'text', (column) => column.notNull())
      .addColumn('credential_sealed', 'text', (column) => column.notNull())
      .addColumn('agent', 'text')
      .addColumn('agent_token_sealed', 'text')
      .addColumn('policy', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute();
  },
};
