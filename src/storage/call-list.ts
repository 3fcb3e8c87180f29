import type { ExpressionBuilder, Kysely } from 'kysely';
import type { CallListQuery, CallPage } from '../calls-api/ports.ts';
import { toRecord } from './call-record.ts';
import { keysetPage } from './keyset-page.ts';
import type { Schema } from './schema.ts';

/**
 * A page of calls, newest first as they came in. (Meta tells the start of a call in whole seconds, which does not tell
 * which of two was first.)
 *
 * @throws InvalidCursor
 */
export async function listCalls(db: Kysely<Schema>, query: CallListQuery): Promise<CallPage> {
  const matching = db
    .selectFrom('calls')
    .selectAll()
    .where((where) => matches(where, query));
  const page = await keysetPage(matching, 'calls', query);
  return { ...page, data: page.data.map(toRecord) };
}

type Where = ExpressionBuilder<Schema, 'calls'>;

function matches(where: Where, query: CallListQuery) {
  const { callId } = query;
  return where.and([
    where('phone_number_id', '=', query.phoneNumberId),
    where('project_id', '=', query.projectId),
    ...(query.direction === null ? [] : [where('direction', '=', query.direction)]),
    ...(query.status === null ? [] : [where('status', '=', query.status)]),
    ...(query.since === null ? [] : [where('started_at', '>=', query.since)]),
    ...(query.until === null ? [] : [where('started_at', '<=', query.until)]),
    ...(callId === null ? [] : [where.or([where('call_id', '=', callId), where('id', '=', callId)])]),
  ]);
}
