import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { OfNumber } from '../../calls-api/ports.ts';

/**
 * Whether a row is of this number, in this project.
 *
 * @param narrowed by what has an index of its own and leaves little: SQLite would rather walk all that the number ever had,
 *   because two columns of an index seem to leave less to it than one
 */
export function isOfNumber(
  { phoneNumberId, projectId }: OfNumber,
  { narrowed }: { readonly narrowed: boolean },
): RawBuilder<SqlBool> {
  const column = (name: string) => (narrowed ? sql`coalesce(${sql.ref(name)}, '')` : sql.ref(name));
  return sql`${column('phone_number_id')} = ${phoneNumberId} and ${column('project_id')} = ${projectId}`;
}
