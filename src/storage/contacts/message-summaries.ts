import type { Kysely } from 'kysely';
import type { MessageSummary } from '../../calls-api/ports.ts';
import type { Schema } from '../schema.ts';
import { toStoredMessages } from './message-rows.ts';

const NONE: MessageSummary = { count: 0, last: null, lastInboundAt: null, lastOutboundAt: null };

/** What is kept of the messages of a page of conversations, by conversation. */
export async function messageSummaries(
  db: Kysely<Schema>,
  conversationIds: readonly string[],
): Promise<(conversationId: string) => MessageSummary> {
  if (conversationIds.length === 0) return () => NONE;
  const counts = await db
    .selectFrom('messages')
    .select(({ fn, ref, case: cases }) => [
      'conversation_id',
      fn.countAll<number>().as('count'),
      fn.max<number | null>(cases().when('direction', '=', 'inbound').then(ref('sent_at')).end()).as('inbound'),
      fn.max<number | null>(cases().when('direction', '=', 'outbound').then(ref('sent_at')).end()).as('outbound'),
    ])
    .where('conversation_id', 'in', conversationIds)
    .groupBy('conversation_id')
    .execute();
  const last = await lastMessages(db, conversationIds);
  const summaries = new Map(
    counts.map((row): [string, MessageSummary] => [
      row.conversation_id,
      {
        count: row.count,
        last: last.find((message) => message.conversationId === row.conversation_id) ?? null,
        lastInboundAt: row.inbound,
        lastOutboundAt: row.outbound,
      },
    ]),
  );
  return (conversationId) => summaries.get(conversationId) ?? NONE;
}

/** One search in the index for each, rather than all messages in order. */
async function lastMessages(db: Kysely<Schema>, conversationIds: readonly string[]) {
  const rows = await db
    .selectFrom('messages')
    .selectAll()
    .where('id', 'in', (conversations) =>
      conversations
        .selectFrom('conversations')
        .select((conversation) =>
          conversation
            .selectFrom('messages as last')
            .select('last.id')
            .whereRef('last.conversation_id', '=', 'conversations.id')
            .orderBy('last.created_at', 'desc')
            .orderBy('last.id', 'desc')
            .limit(1)
            .as('id'),
        )
        .where('conversations.id', 'in', conversationIds),
    )
    .execute();
  return await toStoredMessages(db, rows);
}
