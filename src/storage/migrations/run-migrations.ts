import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { DatabaseError } from '../database-error.ts';
import { foundation } from './0001-foundation.ts';

/** In the order of their names; a name is never changed or reused once released. */
const MIGRATIONS = { '0001-foundation': foundation };

/**
 * Brings the database to this version's tables. The dialect runs it in one immediate transaction: of several processes
 * that start at once, one migrates and the others wait and find nothing to do.
 *
 * @throws DatabaseError if a migration fails (nothing of it stays), or if a newer version has migrated this database
 */
export async function runMigrations<T>(db: Kysely<T>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new DatabaseError(explain(error), { cause: error });
}

function explain(error: unknown): string {
  const cause = error instanceof Error ? error.message : String(error);
  // kysely calls it corrupted when it meets a migration that it does not know.
  if (/previously executed migration .* is missing/.test(cause)) {
    return 'The database was used by a newer version of talkwire; start that one, or restore a copy from before.';
  }
  return `The database could not be brought to this version's tables: ${cause}`;
}
