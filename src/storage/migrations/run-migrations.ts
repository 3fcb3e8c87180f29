import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { DatabaseError } from '../database-error.ts';
import { SealError, type Sealer } from '../seal.ts';
import { foundation } from './0001-foundation.ts';
import { voiceAgents } from './0002-voice-agents.ts';

/** In the order of their names; a name is never changed or reused once released. */
const migrations = (sealer: Sealer): Record<string, Migration> => ({
  '0001-foundation': foundation,
  '0002-voice-agents': voiceAgents(sealer),
});

/**
 * Brings the database to this version's tables. The dialect runs it in one immediate transaction: of several processes
 * that start at once, one migrates and the others wait and find nothing to do.
 *
 * @throws DatabaseError if a migration fails (nothing of it stays), or if a newer version has migrated this database;
 *   SealError if what is sealed in it belongs to another master key
 */
export async function runMigrations<T>(db: Kysely<T>, sealer: Sealer): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations(sealer) } });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof SealError) throw error;
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
