import { CompiledQuery, type Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import { ConversationStore } from '../../../../src/storage/contacts/conversation-store.ts';
import { MessageStore } from '../../../../src/storage/contacts/message-store.ts';
import { GroupCommit } from '../../../../src/storage/group-commit.ts';
import type { Schema } from '../../../../src/storage/schema.ts';
import { T0 } from '../../../support/call.ts';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { USER } from '../../../support/dial-order.ts';
import { overheardTables } from '../../../support/overheard-tables.ts';

const OF_NUMBER = { projectId: DEFAULT_PROJECT_ID, phoneNumberId: PHONE_NUMBER_ID };
const PAGE = { limit: 20, after: null, before: null };
const ANY_MESSAGE = { direction: null, status: null, since: null, until: null };
const ANY_TIME = { lastActiveSince: null, lastActiveUntil: null, withMessages: false };

describe('what the lists of contacts read on SQLite', () => {
  const [sqlite] = DATABASES;

  /** How SQLite finds the rows of the last statement that `ask` leads to. */
  async function planOf(ask: (db: Kysely<Schema>, writes: GroupCommit) => Promise<unknown>): Promise<string> {
    const place = await sqlite!.fresh();
    const { permissions } = await openTestDatabase(place);
    await permissions.windowOpened(PHONE_NUMBER_ID, USER, T0);
    const { db, asked } = await overheardTables(place);
    await ask(db, new GroupCommit(db));
    const { sql, parameters } = asked.at(-1)!;
    const { rows } = await db.executeQuery<{ detail: string }>(
      CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]),
    );
    return rows.map(({ detail }) => detail).join('; ');
  }

  it('of the messages of one conversation are not all of the number', async () => {
    const plan = await planOf((db, writes) =>
      new MessageStore(db, writes).list({ ...OF_NUMBER, ...PAGE, ...ANY_MESSAGE, conversationId: 'c' }),
    );
    expect(plan).toBe('SEARCH messages USING INDEX messages_of_conversation (conversation_id=?)');
  });

  it('of the messages since a time are not those from long before it', async () => {
    const query = { ...OF_NUMBER, ...PAGE, ...ANY_MESSAGE, conversationId: null, since: T0 };
    const plan = await planOf((db, writes) => new MessageStore(db, writes).list(query));
    expect(plan).toBe(
      'SEARCH messages USING INDEX messages_listed (phone_number_id=? AND project_id=? AND created_at>?)',
    );
  });

  it('of the conversations of one user are not all of the number', async () => {
    const query = { ...OF_NUMBER, ...PAGE, ...ANY_TIME, user: USER, status: null };
    const plan = await planOf((db, writes) => new ConversationStore(db, writes).list(query));
    expect(plan).toContain('INDEX conversations_of_pair (pair_id=?');
  });
});
