import { Kysely } from 'kysely';
import type { DatabasePlace } from './database-place.ts';
import { runMigrations } from './migrations/run-migrations.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import { PostgresDialect } from './postgres/postgres-dialect.ts';
import type { Schema } from './schema.ts';
import type { Sealer } from './seal.ts';
import { SqliteFile } from './sqlite-file.ts';

export interface Tables {
  readonly db: Kysely<Schema>;
  /** Resolves when what was committed before is safe from a loss of power. Of a server, it was when the commit was over. */
  toDisk(): Promise<void>;
}

/** A statement of the service takes milliseconds; one that takes this long is stuck, and holds up what comes after it. */
const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * Connects to the database and brings it to this version's tables.
 *
 * @throws DatabaseError, SealError
 */
export async function openTables(place: DatabasePlace, sealer: Sealer): Promise<Tables> {
  return 'url' in place ? await openPostgres(place.url, sealer) : await openSqlite(place.path, sealer);
}

async function openSqlite(path: string, sealer: Sealer): Promise<Tables> {
  const file = await SqliteFile.open(path);
  const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(file) });
  try {
    await runMigrations(db, sealer);
    await file.toDisk();
    return { db, toDisk: () => file.toDisk() };
  } catch (fault) {
    await db.destroy();
    throw fault;
  }
}

async function openPostgres(url: string, sealer: Sealer): Promise<Tables> {
  // A migration of long tables takes its time.
  const patient = new Kysely<Schema>({ dialect: new PostgresDialect({ url, statementTimeoutMs: 0 }) });
  try {
    await runMigrations(patient, sealer);
  } finally {
    await patient.destroy();
  }
  const dialect = new PostgresDialect({ url, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  return { db: new Kysely({ dialect }), toDisk: async () => {} };
}
