import { type Kysely, type RawBuilder, sql } from 'kysely';
import { DEFAULT_PROJECT_ID } from '../call/index.ts';
import type { Schema } from './schema.ts';

/** The project that has the number now, looked up by the statement that this is a part of. */
export function projectOfNumber(phoneNumberId: string): RawBuilder<string> {
  return sql<string>`coalesce((select project_id from numbers where phone_number_id = ${phoneNumberId}), ${DEFAULT_PROJECT_ID})`;
}

/** The same as a statement of its own, in the transaction of `db`. */
export async function lookUpProject(db: Kysely<Schema>, phoneNumberId: string): Promise<string> {
  const row = await db.selectNoFrom(projectOfNumber(phoneNumberId).as('id')).executeTakeFirstOrThrow();
  return row.id;
}
