import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What else is known of a number, what Meta says of its calling, and for which numbers a webhook speaks. */
export const numbers: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    // SQLite adds one column at a time.
    const add = async (table: string, columns: readonly (readonly [string, 'text' | 'bigint'])[]) => {
      for (const [column, type] of columns) await db.schema.alterTable(table).addColumn(column, type).execute();
    };
    await add('numbers', [
      ['verified_name', 'text'],
      ['business_account_id', 'text'],
      ['app_secret_sealed', 'text'],
    ]);
    await db.schema
      .alterTable('numbers')
      .addColumn('stores_messages', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await add('number_states', [
      ['calling_status', 'text'],
      ['settings', 'text'],
      ['settings_at', 'bigint'],
      ['users_paused_until', 'bigint'],
      ['users_paused_at', 'bigint'],
      ['button_hidden_at', 'bigint'],
      ['button_remediation', 'text'],
      ['violation', 'text'],
      ['violation_remediation', 'text'],
      ['violation_at', 'bigint'],
    ]);
    await add('webhook_inbox', [['speaks_for', 'text']]);
  },
};
