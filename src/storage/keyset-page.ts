import { type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { Page, PageQuery } from '../calls-api/ports.ts';
import { decodeCursor, encodeCursor, type PageCursor } from './cursor.ts';

/** What a list is ordered by: a time, and an id where two have the same. */
export interface Placed {
  readonly created_at: number;
  readonly id: string;
}

/** Which rows are read, always the nearest first: those on one side of a place, or from the newest on (null). */
export interface Reach {
  readonly side: 'newer' | 'older';
  readonly beyond: PageCursor | null;
  readonly limit: number;
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
  const order = placeIn(table);
  return await pageBy(query, async ({ side, beyond, limit }) => {
    const direction = side === 'newer' ? 'asc' : 'desc';
    const from = beyond === null ? matching : matching.where(isBeyond(table, side, beyond));
    return await from.orderBy(order.at, direction).orderBy(order.id, direction).limit(limit).execute();
  });
}

/**
 * The same for rows that are read in a way of their own.
 *
 * @throws InvalidCursor
 */
export async function pageBy<Row extends Placed>(
  query: PageQuery,
  read: (reach: Reach) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  const side = query.before === null ? 'older' : 'newer';
  const cursor = cursorOf(query);
  // One more than asked for tells whether there is another page.
  const found = await read({ side, beyond: cursor, limit: query.limit + 1 });
  const rows = found.slice(0, query.limit);
  if (side === 'newer') rows.reverse();

  const newest = rows[0];
  const oldest = rows.at(-1);
  if (newest === undefined || oldest === undefined) return { data: [], before: null, after: null };
  const exists = async (way: Reach['side'], row: Row) =>
    (await read({ side: way, beyond: placeOf(row), limit: 1 })).length > 0;
  const more = found.length > query.limit;
  const hasNewer = side === 'newer' ? more : cursor !== null && (await exists('newer', newest));
  const hasOlder = side === 'newer' ? await exists('older', oldest) : more;
  return {
    data: rows,
    before: hasNewer ? cursorAt(newest) : null,
    after: hasOlder ? cursorAt(oldest) : null,
  };
}

/** What a client is given to go on from a row. */
export function cursorAt(row: Placed): string {
  return encodeCursor(placeOf(row));
}

/** Whether a row of `table` comes before or after a place in the order of lists. */
export function isBeyond(table: string, side: Reach['side'], { createdAt, id }: PageCursor) {
  const place = placeIn(table);
  return sql<SqlBool>`(${place.at}, ${place.id}) ${sql.raw(side === 'newer' ? '>' : '<')} (${createdAt}, ${id})`;
}

function placeIn(table: string) {
  return { at: sql.ref<number>(`${table}.created_at`), id: sql.ref<string>(`${table}.id`) };
}

function placeOf({ created_at, id }: Placed): PageCursor {
  return { createdAt: created_at, id };
}

function cursorOf(query: PageQuery): PageCursor | null {
  if (query.before !== null) return decodeCursor(query.before, 'before');
  return query.after === null ? null : decodeCursor(query.after, 'after');
}
