import { type Kysely, PostgresAdapter, type RawBuilder, sql } from 'kysely';
import type { Schema } from './schema.ts';

/**
 * The objects of a JSON list as rows of a table, for a statement that takes any number of them and is still one and the same
 * (kept-query.ts). A field that an object does not have is null.
 *
 * @param json the list as text, or what stands for it
 */
export function rowsOfJson(
  db: Kysely<Schema>,
  json: string,
  alias: string,
  columns: Readonly<Record<string, 'text' | 'bigint'>>,
): RawBuilder<unknown> {
  const entries = Object.entries(columns);
  if (db.getExecutor().adapter instanceof PostgresAdapter) {
    const defined = entries.map(([name, type]) => sql`${sql.ref(name)} ${sql.raw(type)}`);
    return sql`json_to_recordset(cast(${json} as json)) as ${sql.ref(alias)} (${sql.join(defined)})`;
  }
  const read = entries.map(([name]) => sql`value ->> ${sql.lit(name)} as ${sql.ref(name)}`);
  return sql`(select ${sql.join(read)} from json_each(${json})) as ${sql.ref(alias)}`;
}
