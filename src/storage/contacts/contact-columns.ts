import type { PermissionPairsTable } from '../schema.ts';

type ContactColumns = Pick<
  PermissionPairsTable,
  'project_id' | 'profile_name' | 'username' | 'parent_user_id' | 'display_name' | 'metadata' | 'updated_at'
>;

/** A contact of whom nobody has said anything. */
export const NOTHING_KNOWN = {
  profile_name: null,
  username: null,
  parent_user_id: null,
  display_name: null,
  metadata: null,
} as const satisfies Partial<ContactColumns>;

/**
 * What is known of a user of whom there were two contacts: what was said last, and what only the other knew. Of two projects
 * nothing is mixed.
 */
export function mergedContact(one: ContactColumns, other: ContactColumns): ContactColumns {
  const [newer, older] = one.updated_at > other.updated_at ? [one, other] : [other, one];
  const more = older.project_id === newer.project_id ? older : NOTHING_KNOWN;
  return {
    project_id: newer.project_id,
    profile_name: newer.profile_name ?? more.profile_name,
    username: newer.username ?? more.username,
    parent_user_id: newer.parent_user_id ?? more.parent_user_id,
    display_name: newer.display_name ?? more.display_name,
    metadata: newer.metadata ?? more.metadata,
    updated_at: newer.updated_at,
  };
}
