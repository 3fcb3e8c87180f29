import type { Kysely } from 'kysely';
import type { CallDetail } from '../calls-api/ports.ts';
import { toDetail } from './call-record.ts';
import { LINK_COLUMNS, linksIn } from './contacts/call-links.ts';
import { KeptQuery } from './kept-query.ts';
import type { Schema } from './schema.ts';

/**
 * One call with all that the API tells of it but its timeline, also from within a transaction. Null if there is none.
 *
 * @param callId our own id or Meta's
 * @param projectId whose it must be; default: whoever has it
 */
export async function callDetail(
  db: Kysely<Schema>,
  callId: string,
  projectId: string | null = null,
): Promise<CallDetail | null> {
  const [row] = await DETAIL.execute(db, { callId });
  if (row === undefined || (projectId !== null && row.project_id !== projectId)) return null;
  return toDetail(row, linksIn(row));
}

/** Every event of a call asks for it. */
const DETAIL = new KeptQuery((db, { callId }: { readonly callId: string }) =>
  db
    .selectFrom('calls')
    .leftJoin('dials', 'dials.id', 'calls.id')
    .leftJoin('permission_pairs as pair', 'pair.id', 'calls.pair_id')
    .leftJoin('conversations as conversation', 'conversation.id', 'calls.conversation_id')
    .leftJoin('numbers as number', 'number.phone_number_id', 'calls.phone_number_id')
    .selectAll('calls')
    .select(['dials.state', 'dials.asked_at', 'dials.next_at', 'dials.deadline_at'])
    .select(LINK_COLUMNS)
    .where((where) => where.or([where('calls.id', '=', callId), where('calls.call_id', '=', callId)])),
);
