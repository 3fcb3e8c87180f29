import { type CompiledQuery, Kysely } from 'kysely';
import { onTestFinished } from 'vitest';
import type { DatabasePlace } from '../../src/storage/index.ts';
import { NodeSqliteDialect } from '../../src/storage/node-sqlite-dialect.ts';
import { PostgresDialect } from '../../src/storage/postgres/postgres-dialect.ts';
import type { Schema } from '../../src/storage/schema.ts';
import { SqliteFile } from '../../src/storage/sqlite-file.ts';

/** The tables of a database that was opened before, for the time of the test, and each statement that they are asked. */
export async function overheardTables(place: DatabasePlace): Promise<{ db: Kysely<Schema>; asked: CompiledQuery[] }> {
  const asked: CompiledQuery[] = [];
  const dialect =
    'url' in place
      ? new PostgresDialect({ url: place.url, statementTimeoutMs: 5_000 })
      : new NodeSqliteDialect(await SqliteFile.open(place.path));
  const db = new Kysely<Schema>({ dialect, log: ({ query }) => void asked.push(query) });
  onTestFinished(() => db.destroy());
  return { db, asked };
}
