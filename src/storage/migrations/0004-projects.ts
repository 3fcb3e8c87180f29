import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { DEFAULT_PROJECT_ID } from '../../call/index.ts';

/** Whom numbers, agents and calls belong to, and the keys that open them. */
export const projects: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('projects')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('api_keys')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('project_id', 'text', (column) => column.notNull().references('projects.id').onDelete('cascade'))
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('scope', 'text', (column) => column.notNull())
      // SHA-256 of the key: who reads the database has no key.
      .addColumn('digest', 'text', (column) => column.notNull().unique())
      .addColumn('hint', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('revoked_at', 'bigint')
      .execute();
    // The default is for rows that are there, and for those that an older version of this service still writes.
    for (const table of ['numbers', 'voice_agents', 'calls']) {
      await db.schema
        .alterTable(table)
        .addColumn('project_id', 'text', (column) => column.notNull().defaultTo(DEFAULT_PROJECT_ID))
        .execute();
    }
  },
};
