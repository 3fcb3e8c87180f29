/** What a lock of ours is for. The numbers are the same in every version: they keep versions apart from each other, too. */
const PURPOSES = { write: 1_952_541_802, own: 1_952_541_803 } as const;

/**
 * The two keys of an advisory lock, as SQL. Such locks are of the whole database; the schema is the second key, so that two
 * talkwires in two schemas of one database do not meet.
 */
export function lockKeys(purpose: keyof typeof PURPOSES): string {
  return `${PURPOSES[purpose]}, (select oid::int4 from pg_namespace where nspname = current_schema())`;
}
