import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from '../schema.ts';
import { NOTHING_KNOWN } from './contact-columns.ts';

/** What a webhook says of a user; null for what it does not say. */
export interface Profile {
  readonly name: string | null;
  readonly username: string | null;
  readonly parentUserId: string | null;
}

/** Keeps what a webhook says of a user, in the transaction of `db`. What a client calls the user stays. */
export async function noteProfile(
  db: Kysely<Schema>,
  pairId: string,
  { name, username, parentUserId }: Profile,
  at: number,
): Promise<void> {
  const said = Object.entries({ profile_name: name, username, parent_user_id: parentUserId }).filter(
    ([, value]) => value !== null,
  );
  if (said.length === 0) return;
  await db
    .updateTable('permission_pairs')
    .set({ ...Object.fromEntries(said), updated_at: at })
    .where('id', '=', pairId)
    // Most say what is known already, and a row that does not change is not written.
    .where((where) => where.or(said.map(([column, value]) => isOther(column, value))))
    .execute();
}

/**
 * Makes the contact one of this project, in the transaction of `db`. What another project knew of the user is not for this
 * one, and goes.
 */
export async function adoptContact(db: Kysely<Schema>, pairId: string, projectId: string, at: number): Promise<void> {
  await db
    .updateTable('permission_pairs')
    .set({ ...NOTHING_KNOWN, project_id: projectId, created_at: at, updated_at: at })
    .where('id', '=', pairId)
    .execute();
}

function isOther(column: string, value: string | null): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(column)} is distinct from ${value}`;
}
