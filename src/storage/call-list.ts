import type { ExpressionBuilder, Kysely } from 'kysely';
import type { CallListQuery, CallPage } from '../calls-api/ports.ts';
import { toRecord } from './call-record.ts';
import { type CallCursor, decodeCursor, encodeCursor } from './cursor.ts';
import type { Schema } from './schema.ts';

/**
 * A page of calls, newest first as they came in, then by id. (Meta tells the start of a call in whole
 * seconds, which does not tell which of two was first.) A cursor names a place in that order and not a count of rows, so
 * calls that come in meanwhile neither repeat nor hide a row (kapso-api.md §3).
 *
 * @throws InvalidCursor
 */
export async function listCalls(db: Kysely<Schema>, query: CallListQuery): Promise<CallPage> {
  const backwards = query.before !== null;
  const cursor = cursorOf(query);
  const order = backwards ? 'asc' : 'desc';
  // One more than asked for tells whether there is another page.
  const found = await db
    .selectFrom('calls')
    .selectAll()
    .where((where) => matches(where, query))
    .$if(cursor !== null, (calls) => calls.where((where) => isBeyond(where, backwards ? 'newer' : 'older', cursor!)))
    .orderBy('created_at', order)
    .orderBy('id', order)
    .limit(query.limit + 1)
    .execute();
  const rows = found.slice(0, query.limit);
  if (backwards) rows.reverse();

  const newest = rows[0];
  const oldest = rows.at(-1);
  if (newest === undefined || oldest === undefined) return { data: [], before: null, after: null };
  const first = { createdAt: newest.created_at, id: newest.id };
  const last = { createdAt: oldest.created_at, id: oldest.id };
  const more = found.length > query.limit;
  const hasNewer = backwards ? more : cursor !== null && (await exists(db, query, 'newer', first));
  const hasOlder = backwards ? await exists(db, query, 'older', last) : more;
  return {
    data: rows.map(toRecord),
    before: hasNewer ? encodeCursor(first) : null,
    after: hasOlder ? encodeCursor(last) : null,
  };
}

function cursorOf(query: CallListQuery): CallCursor | null {
  if (query.before !== null) return decodeCursor(query.before, 'before');
  return query.after === null ? null : decodeCursor(query.after, 'after');
}

type Where = ExpressionBuilder<Schema, 'calls'>;

function matches(where: Where, query: CallListQuery) {
  const { callId } = query;
  return where.and([
    where('phone_number_id', '=', query.phoneNumberId),
    ...(query.direction === null ? [] : [where('direction', '=', query.direction)]),
    ...(query.status === null ? [] : [where('status', '=', query.status)]),
    ...(query.since === null ? [] : [where('started_at', '>=', query.since)]),
    ...(query.until === null ? [] : [where('started_at', '<=', query.until)]),
    ...(callId === null ? [] : [where.or([where('call_id', '=', callId), where('id', '=', callId)])]),
  ]);
}

function isBeyond(where: Where, side: 'newer' | 'older', cursor: CallCursor) {
  const operator = side === 'newer' ? '>' : '<';
  return where(where.refTuple('created_at', 'id'), operator, where.tuple(cursor.createdAt, cursor.id));
}

async function exists(
  db: Kysely<Schema>,
  query: CallListQuery,
  side: 'newer' | 'older',
  cursor: CallCursor,
): Promise<boolean> {
  const row = await db
    .selectFrom('calls')
    .select('id')
    .where((where) => where.and([matches(where, query), isBeyond(where, side, cursor)]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
