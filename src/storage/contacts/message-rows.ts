import type { Kysely, Selectable } from 'kysely';
import type { StoredMessage } from '../../calls-api/ports.ts';
import type { MessagesTable, Schema } from '../schema.ts';
import { type LinkedPair, linkedPairs } from './contact-link.ts';

export type MessageRow = Selectable<MessagesTable>;

/** Messages with the people they are from or to, who are looked up by their ids. */
export async function toStoredMessages(
  db: Kysely<Schema>,
  rows: readonly MessageRow[],
): Promise<readonly StoredMessage[]> {
  const pairs = await linkedPairs(
    db,
    rows.map((row) => row.pair_id),
  );
  return rows.map((row) => toStoredMessage(row, pairs.get(row.pair_id)));
}

export function toStoredMessage(row: MessageRow, pair: LinkedPair | undefined): StoredMessage {
  const names = pair?.project_id === row.project_id ? pair : undefined;
  return {
    id: row.wamid,
    phoneNumberId: row.phone_number_id,
    conversationId: row.conversation_id,
    direction: row.direction,
    type: row.type,
    status: row.status,
    content: JSON.parse(row.content),
    errors: row.errors === null ? null : JSON.parse(row.errors),
    sentAt: row.sent_at,
    createdAt: row.created_at,
    user: { waId: pair?.wa_id ?? null, userId: pair?.user_id ?? null },
    contactName: names?.display_name ?? names?.profile_name ?? null,
  };
}
