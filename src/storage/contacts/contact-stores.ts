import type { Kysely } from 'kysely';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import { ContactStore } from './contact-store.ts';
import { ConversationStore } from './conversation-store.ts';
import { MessageKeeper, type MessageSetting } from './message-keeper.ts';
import { MessageStore } from './message-store.ts';

/** Who the users are and what was said with them. */
export interface ContactStores {
  readonly contacts: ContactStore;
  readonly conversations: ConversationStore;
  readonly messages: MessageStore;
  /** Hears of every message. */
  readonly messageKeeper: MessageKeeper;
}

export function contactStores(db: Kysely<Schema>, writes: GroupCommit, setting: MessageSetting): ContactStores {
  return {
    contacts: new ContactStore(db, writes),
    conversations: new ConversationStore(db, writes),
    messages: new MessageStore(db, writes),
    messageKeeper: new MessageKeeper(writes, setting),
  };
}
