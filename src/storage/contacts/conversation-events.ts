import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';
import { tell } from '../tell.ts';
import { linkedPairs, toContactLink } from './contact-link.ts';
import { toConversationLink } from './conversation-link.ts';
import type { ConversationRow } from './conversations.ts';

/** Tells others what became of a conversation, in the transaction of `db`. One may end more than once: it can be opened again. */
export async function tellConversation(
  db: Kysely<Schema>,
  type: 'whatsapp.conversation.created' | 'whatsapp.conversation.ended',
  row: ConversationRow,
  at: number,
): Promise<void> {
  const { id, pair_id: pairId, phone_number_id: phoneNumberId, project_id: projectId, ended_at: endedAt } = row;
  const idempotencyKey = endedAt === null ? `${type}:${id}` : `${type}:${id}:${endedAt}`;
  await tell(db, type, { projectId, phoneNumberId, orderingKey: id, idempotencyKey, at }, async () => {
    const pair = (await linkedPairs(db, [pairId])).get(pairId);
    const isShown = pair !== undefined && pair.project_id === projectId;
    return { conversation: toConversationLink(row, pair), contact: isShown ? toContactLink(pair) : null };
  });
}
