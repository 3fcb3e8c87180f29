import { iso } from '../iso-time.ts';
import type { ConversationsTable } from '../schema.ts';
import type { LinkedPair } from './contact-link.ts';

/** A conversation as records and events link to it (kapso-api.md §3). */
export interface ConversationLink {
  readonly id: string;
  /** Of the user; null of one who is only known by a BSUID. */
  readonly phone_number: string | null;
  readonly status: ConversationsTable['status'];
  readonly last_active_at: string;
}

export function toConversationLink(
  { id, status, last_active_at }: Pick<ConversationsTable, 'id' | 'status' | 'last_active_at'>,
  pair: Pick<LinkedPair, 'wa_id'> | undefined,
): ConversationLink {
  return { id, phone_number: pair?.wa_id ?? null, status, last_active_at: iso(last_active_at) };
}
