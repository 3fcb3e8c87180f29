import { Kysely } from 'kysely';
import type { DatabasePlace } from './database-place.ts';
import { runMigrations } from './migrations/run-migrations.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import { PostgresDialect } from './postgres/postgres-dialect.ts';
import type { Schema } from './schema.ts';
import type { Sealer } from './seal.ts';
import { openSqliteFile } from './sqlite-file.ts';

type Tables = Kysely<Schema>;

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
  const db: Tables = new Kysely({ dialect: new NodeSqliteDialect(await openSqliteFile(path)) });
  try {
    await runMigrations(db, sealer);
    return db;
  } catch (fault) {
    await db.destroy();
    throw fault;
  }
}

async function openPostgres(url: string, sealer: Sealer): Promise<Tables> {
  // A migration of long tables takes its time.
  const patient: Tables = new Kysely({ dialect: new PostgresDialect({ url, statementTimeoutMs: 0 }) });
  try {
    await runMigrations(patient, sealer);
  } finally {
    await patient.destroy();
  }
  return new Kysely({ dialect: new PostgresDialect({ url, statementTimeoutMs: STATEMENT_TIMEOUT_MS }) });
}
