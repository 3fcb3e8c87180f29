import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';
import { type ContactLink, linkedPairs, toContactLink } from './contact-link.ts';
import { type ConversationLink, toConversationLink } from './conversation-link.ts';

/** Who a word about a pair is about, as that project may see it: the contact, and the conversation that goes on. */
export async function partiesOf(
  db: Kysely<Schema>,
  pairId: string,
  projectId: string,
): Promise<{ readonly contact: ContactLink | null; readonly conversation: ConversationLink | null }> {
  const pair = (await linkedPairs(db, [pairId])).get(pairId);
  const active = await db
    .selectFrom('conversations')
    .select(['id', 'status', 'last_active_at'])
    .where('pair_id', '=', pairId)
    .where('project_id', '=', projectId)
    .where('status', '=', 'active')
    .executeTakeFirst();
  return {
    contact: pair?.project_id === projectId ? toContactLink(pair) : null,
    conversation: active === undefined ? null : toConversationLink(active, pair),
  };
}
