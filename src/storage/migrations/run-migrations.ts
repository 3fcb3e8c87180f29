import { type Kysely, PostgresAdapter, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { DatabaseError } from '../database-error.ts';
import { SealError, type Sealer } from '../seal.ts';
import { foundation } from './0001-foundation.ts';
import { voiceAgents } from './0002-voice-agents.ts';
import { outbound } from './0003-outbound.ts';
import { projects } from './0004-projects.ts';
import { contacts } from './0005-contacts.ts';
import { events } from './0006-events.ts';
import { numbers } from './0007-numbers.ts';
import { callList } from './0008-call-list.ts';

/** In the order of their names; a name is never changed or reused once released. */
export const migrations = (sealer: Sealer): Record<string, Migration> => ({
  '0001-foundation': foundation,
  '0002-voice-agents': voiceAgents(sealer),
  '0003-outbound': outbound,
  '0004-projects': projects,
  '0005-contacts': contacts,
  '0006-events': events,
  '0007-numbers': numbers,
  '0008-call-list': callList,
});

/**
 * Brings the database to this version's tables. Both dialects run it in one transaction that waits for its turn before it
 * looks: of several processes that start at once, one migrates and the others wait and find nothing to do.
 *
 * @throws DatabaseError if a migration fails (nothing of it stays), or if a newer version has migrated this database;
 *   SealError if what is sealed in it belongs to another master key
 */
export async function runMigrations<T>(db: Kysely<T>, sealer: Sealer): Promise<void> {
  const schema = await schemaOf(db);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations(sealer) },
    ...(schema !== null && { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof SealError) throw error;
  if (error !== undefined) throw new DatabaseError(explain(error), { cause: error });
}

/** Without it kysely takes the tables of another schema of the same database for ours. Null with SQLite, which has none. */
async function schemaOf<T>(db: Kysely<T>): Promise<string | null> {
  if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return null;
  const { rows } = await sql<{ name: string | null }>`select current_schema() as name`.execute(db);
  const schema = rows[0]?.name ?? null;
  if (schema === null) throw new DatabaseError('The search_path of the PostgreSQL user names no schema that exists.');
  return schema;
}

function explain(error: unknown): string {
  const cause = error instanceof Error ? error.message : String(error);
  // kysely calls it corrupted when it meets a migration that it does not know.
  if (/previously executed migration .* is missing/.test(cause)) {
    return 'The database was used by a newer version of talkwire; start that one, or restore a copy from before.';
  }
  return `The database could not be brought to this version's tables: ${cause}`;
}
