import { type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { Page, PageQuery } from '../calls-api/ports.ts';
import { decodeCursor, encodeCursor, type PageCursor } from './cursor.ts';

/** What a list is ordered by: a time, and an id where two have the same. */
interface Placed {
  readonly created_at: number;
  readonly id: string;
}

/**
 * A page of rows, newest first as they were made, then by id. A cursor names a place in that order and not a count of rows,
 * so rows that come meanwhile neither repeat nor hide one (kapso-api.md §3).
 *
 * @param matching the rows that are listed, selected without an order; `table` is what their `created_at` and `id` are of
 * @throws InvalidCursor
 */
export async function keysetPage<DB, TB extends keyof DB, Row extends Placed>(
  matching: SelectQueryBuilder<DB, TB, Row>,
  table: TB & string,
  query: PageQuery,
): Promise<Page<Row>> {
  const place = { at: sql.ref<number>(`${table}.created_at`), id: sql.ref<string>(`${table}.id`) };
  const beyond = (side: 'newer' | 'older', { createdAt, id }: PageCursor) =>
    sql<SqlBool>`(${place.at}, ${place.id}) ${sql.raw(side === 'newer' ? '>' : '<')} (${createdAt}, ${id})`;
  const exists = async (side: 'newer' | 'older', row: Row) => {
    const others = matching
      .clearSelect()
      .select(place.id.as('id'))
      .where(beyond(side, placeOf(row)));
    return (await others.limit(1).executeTakeFirst()) !== undefined;
  };

  const backwards = query.before !== null;
  const cursor = cursorOf(query);
  const order = backwards ? 'asc' : 'desc';
  const from = cursor === null ? matching : matching.where(beyond(backwards ? 'newer' : 'older', cursor));
  // One more than asked for tells whether there is another page.
  const found = await from
    .orderBy(place.at, order)
    .orderBy(place.id, order)
    .limit(query.limit + 1)
    .execute();
  const rows = found.slice(0, query.limit);
  if (backwards) rows.reverse();

  const newest = rows[0];
  const oldest = rows.at(-1);
  if (newest === undefined || oldest === undefined) return { data: [], before: null, after: null };
  const more = found.length > query.limit;
  const hasNewer = backwards ? more : cursor !== null && (await exists('newer', newest));
  const hasOlder = backwards ? await exists('older', oldest) : more;
  return {
    data: rows,
    before: hasNewer ? encodeCursor(placeOf(newest)) : null,
    after: hasOlder ? encodeCursor(placeOf(oldest)) : null,
  };
}

function placeOf({ created_at, id }: Placed): PageCursor {
  return { createdAt: created_at, id };
}

function cursorOf(query: PageQuery): PageCursor | null {
  if (query.before !== null) return decodeCursor(query.before, 'before');
  return query.after === null ? null : decodeCursor(query.after, 'after');
}
