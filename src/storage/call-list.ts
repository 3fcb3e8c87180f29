import type { Kysely } from 'kysely';
import type { CallRecord } from '../calls-api/ports.ts';
import {
  type CallFilter,
  type CallListQuery,
  type CallPage,
  type CountedPage,
  NUMBERED_CALLS,
} from '../calls-api/ports.ts';
import { type ListedRow, RECORD_COLUMNS, toRecord } from './call-record.ts';
import { countOf, placesOf, type Search, searchOf } from './call-search.ts';
import { LINK_COLUMNS, linksIn } from './contacts/call-links.ts';
import { KeptQueries } from './kept-query.ts';
import { cursorAt, pageBy, type Reach } from './keyset-page.ts';
import type { Schema } from './schema.ts';

/**
 * A page of calls, newest first as they came in. (Meta tells the start of a call in whole seconds, which does not tell
 * which of two was first.)
 *
 * @throws InvalidCursor
 */
export async function listCalls(db: Kysely<Schema>, query: CallListQuery): Promise<CallPage> {
  const page = await pageBy(query, (reach) => callsAt(db, searchOf(query, reach), reach));
  return { ...page, data: page.data.map(recordOf) };
}

const FROM_NEWEST = { side: 'older', beyond: null } as const;

/** A page by its number, from 1, as far as pages are numbered; beyond it is empty. */
export async function listNumberedCalls(
  db: Kysely<Schema>,
  filter: CallFilter,
  { number, size }: { readonly number: number; readonly size: number },
): Promise<CountedPage<CallRecord>> {
  const skip = (number - 1) * size;
  const [count, rows] = await Promise.all([
    countCalls(db, searchOf(filter, FROM_NEWEST)),
    skip + size > NUMBERED_CALLS
      ? []
      : callsAt(db, searchOf(filter, FROM_NEWEST, skip), { side: 'older', limit: size + 1 }),
  ]);
  const shown = rows.slice(0, size);
  const [newest, oldest] = [shown[0], shown.at(-1)];
  return {
    count: Math.min(count, NUMBERED_CALLS),
    isExact: count <= NUMBERED_CALLS,
    data: shown.map(recordOf),
    before: number === 1 || newest === undefined ? null : cursorAt(newest),
    after: rows.length <= size || oldest === undefined ? null : cursorAt(oldest),
  };
}

/** By the side and the length of a page. */
const PAGES = new Map<string, KeptQueries<Search, ListedRow>>();
/** Pages are read in one of these lengths, so that there are few statements. */
const LENGTHS = [1, 21, 101];

type Span = Omit<Reach, 'beyond'>;

async function callsAt(db: Kysely<Schema>, search: Search, { side, limit }: Span): Promise<readonly ListedRow[]> {
  const length = LENGTHS.find((each) => each >= limit) ?? limit;
  const key = `${side} ${length}`;
  const pages = PAGES.get(key) ?? pagesOf({ side, limit: length });
  PAGES.set(key, pages);
  return (await pages.execute(db, search)).slice(0, limit);
}

function pagesOf(span: Span): KeptQueries<Search, ListedRow> {
  const order = span.side === 'newer' ? 'asc' : 'desc';
  return new KeptQueries(
    (db, search) =>
      db
        .selectFrom(rowsOf(db, search, span).as('calls'))
        .leftJoin('permission_pairs as pair', 'pair.id', 'calls.pair_id')
        .leftJoin('conversations as conversation', 'conversation.id', 'calls.conversation_id')
        .leftJoin('numbers as number', 'number.phone_number_id', 'calls.phone_number_id')
        .select(RECORD_COLUMNS)
        .select(LINK_COLUMNS)
        .orderBy('calls.created_at', order)
        .orderBy('calls.id', order),
    { keepsPlan: true },
  );
}

/** The columns of the calls in their places. Those that are skipped are not read from the table. */
function rowsOf(db: Kysely<Schema>, search: Search, span: Span) {
  const { isOneWay, places } = placesOf(db, search, span);
  if (isOneWay && search.skip === undefined) return places.clearSelect().select(RECORD_COLUMNS);
  return db.selectFrom(places.as('place')).innerJoin('calls', 'calls.id', 'place.id').select(RECORD_COLUMNS);
}

/** One more than pages are numbered for tells that there are more. */
const COUNTS = new KeptQueries((db, search: Search) => countOf(db, search, NUMBERED_CALLS + 1), { keepsPlan: true });

async function countCalls(db: Kysely<Schema>, search: Search): Promise<number> {
  const [row] = await COUNTS.execute(db, search);
  return row!.count;
}

function recordOf(row: ListedRow): CallRecord {
  return toRecord(row, linksIn(row));
}
