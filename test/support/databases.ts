import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DatabasePlace } from '../../src/storage/index.ts';
import { temporaryDatabasePath } from './database.ts';
import { atPostgres, freshPostgres, hasPostgres } from './postgres.ts';

export interface DatabaseKind {
  readonly name: 'SQLite' | 'PostgreSQL';
  /** Where an empty database of its own is, gone after the test. */
  fresh(): Promise<DatabasePlace>;
}

const SQLITE: DatabaseKind = { name: 'SQLite', fresh: async () => ({ path: temporaryDatabasePath() }) };
const POSTGRES: DatabaseKind = { name: 'PostgreSQL', fresh: async () => ({ url: await freshPostgres() }) };

/** Every database that the service runs on, for `describe.each`. */
export const DATABASES: readonly DatabaseKind[] = hasPostgres ? [SQLITE, POSTGRES] : [SQLITE];

type Rows = Record<string, unknown>[];

/** Runs one statement from outside, while the database is open or not, and gives its rows. */
export async function rowsIn(place: DatabasePlace, sql: string): Promise<Rows> {
  if ('url' in place) return await atPostgres(place.url, sql);
  const file = new DatabaseSync(place.path);
  try {
    return file.prepare(sql).all();
  } finally {
    file.close();
  }
}

/** All that is stored, to look for what must not be. */
export async function everythingIn(place: DatabasePlace): Promise<string> {
  if ('path' in place) {
    const folder = dirname(place.path);
    return readdirSync(folder)
      .map((name) => readFileSync(join(folder, name)).toString('latin1'))
      .join();
  }
  const tables = await rowsIn(place, "select relname from pg_stat_user_tables where relname not like 'kysely%'");
  const rows = tables.map(({ relname }) => rowsIn(place, `select row_to_json(t)::text as row from ${relname} t`));
  return (await Promise.all(rows))
    .flat()
    .map(({ row }) => String(row))
    .join();
}
