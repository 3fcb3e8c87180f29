import { type Kysely, type RawBuilder, sql } from 'kysely';
import { KeptQueries } from '../kept-query.ts';
import type { PermissionPairsTable, Schema } from '../schema.ts';
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
  const said: Said = {
    ...(name !== null && { profile_name: name }),
    ...(username !== null && { username }),
    ...(parentUserId !== null && { parent_user_id: parentUserId }),
  };
  if (Object.keys(said).length > 0) await NOTE.execute(db, { id: pairId, updated_at: at, ...said });
}

type Said = Partial<Pick<PermissionPairsTable, 'profile_name' | 'username' | 'parent_user_id'>>;

const NOTE = new KeptQueries((db, { id, updated_at, ...said }: { id: string; updated_at: number } & Said) =>
  db
    .updateTable('permission_pairs')
    .set({ ...said, updated_at })
    .where('id', '=', id)
    // Most say what is known already, and a row that does not change is not written.
    .where((where) => where.or(Object.entries(said).map(([column, value]) => isOther(column, value)))),
);

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
