import type { CallsTable } from '../schema.ts';
import { type ContactLink, toContactLink } from './contact-link.ts';
import { type ConversationLink, toConversationLink } from './conversation-link.ts';

/** What the record of a call leads to. */
export interface CallLinks {
  /** Null of a call without a pair, and where another project has the number by now: its names are not the call's. */
  readonly contact: ContactLink | null;
  readonly conversation: ConversationLink | null;
  /** How Meta names the number. */
  readonly numberName: string | null;
}

/**
 * Columns that a statement selects beside those of `calls`, which it has joined with `permission_pairs` as `pair`,
 * `conversations` as `conversation` and `numbers` as `number`: one statement for a page and all that it leads to.
 */
export const LINK_COLUMNS = [
  'pair.project_id as pair_project_id',
  'pair.wa_id as pair_wa_id',
  'pair.profile_name as pair_profile_name',
  'pair.display_name as pair_display_name',
  'conversation.status as conversation_status',
  'conversation.last_active_at as conversation_last_active_at',
  'number.project_id as number_project_id',
  'number.verified_name as number_verified_name',
] as const;

/** All null where nothing was joined. */
export interface LinkRow {
  readonly pair_project_id: string | null;
  readonly pair_wa_id: string | null;
  readonly pair_profile_name: string | null;
  readonly pair_display_name: string | null;
  readonly conversation_status: ConversationLink['status'] | null;
  readonly conversation_last_active_at: number | null;
  readonly number_project_id: string | null;
  readonly number_verified_name: string | null;
}

type LinkedCall = Pick<CallsTable, 'pair_id' | 'conversation_id' | 'project_id'>;

export function linksIn(row: LinkedCall & LinkRow): CallLinks {
  return {
    contact: contactIn(row),
    conversation: conversationIn(row),
    numberName: row.number_project_id === row.project_id ? row.number_verified_name : null,
  };
}

function contactIn(row: LinkedCall & LinkRow): ContactLink | null {
  if (row.pair_id === null || row.pair_project_id !== row.project_id) return null;
  const { pair_wa_id: wa_id, pair_profile_name: profile_name, pair_display_name: display_name } = row;
  return toContactLink({ id: row.pair_id, wa_id, profile_name, display_name });
}

function conversationIn(row: LinkedCall & LinkRow): ConversationLink | null {
  const { conversation_id: id, conversation_status: status, conversation_last_active_at: last_active_at } = row;
  if (id === null || status === null || last_active_at === null) return null;
  return toConversationLink({ id, status, last_active_at }, { wa_id: row.pair_wa_id });
}
