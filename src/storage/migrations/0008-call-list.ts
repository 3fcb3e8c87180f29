import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * A page of a long call log in a few milliseconds, whatever is filtered: each list reads an index that is in its order
 * (call-list.ts). `started_at` is in them so that a span of time is judged, and counted, without a look at the calls.
 */
export const callList: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const create = (name: string, columns: readonly string[]) =>
      db.schema
        .createIndex(name)
        .on('calls')
        .columns([...columns, 'created_at', 'id', 'started_at'])
        .execute();
    await create('calls_of_project', ['project_id']);
    await create('calls_of_project_by_kind', ['project_id', 'direction', 'status']);
    await create('calls_of_number', ['project_id', 'phone_number_id']);
    await create('calls_of_number_by_kind', ['project_id', 'phone_number_id', 'direction', 'status']);
    await create('calls_of_agent_by_kind', ['project_id', 'agent_id', 'direction', 'status']);
    await create('calls_of_agent_on_number', ['project_id', 'agent_id', 'phone_number_id', 'direction', 'status']);
    // What read it begins with the project now.
    await db.schema.dropIndex('calls_newest').execute();
    await createOddIndexes(db);
    // Of one user over all numbers.
    for (const name of ['wa_id', 'user_id']) {
      await db.schema.createIndex(`permission_pairs_by_${name}`).on('permission_pairs').column(name).execute();
    }
  },
};

/** Calls whose start is far from when their record was made, and how far: of most logs they are few. */
async function createOddIndexes(db: Kysely<unknown>): Promise<void> {
  const isOdd = sql`started_at not between created_at - 300000 and created_at + 300000`;
  await sql`
    create index calls_odd
    on calls (project_id, created_at, id, started_at, phone_number_id, direction, status, agent_id)
    where ${isOdd}`.execute(db);
  await sql`create index calls_odd_by_gap on calls (project_id, (started_at - created_at)) where ${isOdd}`.execute(db);
}
