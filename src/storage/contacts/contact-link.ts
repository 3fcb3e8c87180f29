import type { Kysely } from 'kysely';
import type { PermissionPairsTable, Schema } from '../schema.ts';

/** A contact as records and events link to it (kapso-api.md §3). */
export interface ContactLink {
  readonly id: string;
  readonly wa_id: string | null;
  readonly profile_name: string | null;
  /** What the user is to be called: the name that a client of the API gave, or else the user's own. */
  readonly display_name: string | null;
}

export const LINKED_COLUMNS = ['id', 'project_id', 'wa_id', 'user_id', 'profile_name', 'display_name'] as const;

export type LinkedPair = Pick<PermissionPairsTable, (typeof LINKED_COLUMNS)[number]>;

export function toContactLink({
  id,
  wa_id,
  profile_name,
  display_name,
}: Pick<LinkedPair, keyof ContactLink>): ContactLink {
  return { id, wa_id, profile_name, display_name: display_name ?? profile_name };
}

/** The contacts of these ids, by id. */
export async function linkedPairs(
  db: Kysely<Schema>,
  ids: readonly (string | null)[],
): Promise<ReadonlyMap<string, LinkedPair>> {
  const wanted = [...new Set(ids)].filter((id) => id !== null);
  if (wanted.length === 0) return new Map();
  const rows = await db.selectFrom('permission_pairs').select(LINKED_COLUMNS).where('id', 'in', wanted).execute();
  return new Map(rows.map((row) => [row.id, row]));
}
