import type { ExpressionBuilder, Kysely } from 'kysely';
import type { MessageHistory, MessageQuery, OfNumber, Page, StoredMessage } from '../../calls-api/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import { keysetPage } from '../keyset-page.ts';
import type { Schema } from '../schema.ts';
import { toStoredMessages } from './message-rows.ts';

/** The messages of numbers that keep them, as they are read and let go of. */
export class MessageStore implements MessageHistory {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  async list(query: MessageQuery): Promise<Page<StoredMessage>> {
    const matching = this.#db
      .selectFrom('messages')
      .selectAll()
      .where((where) => matches(where, query));
    const page = await keysetPage(matching, 'messages', query);
    return { ...page, data: await toStoredMessages(this.#db, page.data) };
  }

  async find({ projectId, phoneNumberId }: OfNumber, id: string): Promise<StoredMessage | null> {
    const rows = await this.#db
      .selectFrom('messages')
      .selectAll()
      .where('phone_number_id', '=', phoneNumberId)
      .where('wamid', '=', id)
      .where('project_id', '=', projectId)
      .execute();
    return (await toStoredMessages(this.#db, rows))[0] ?? null;
  }

  /** Deletes the oldest messages that were kept before then (Unix ms), `limit` at most; how many they were. */
  async prune(before: number, limit: number): Promise<number> {
    return await this.#writes.run(async (db) => {
      const { numDeletedRows } = await db
        .deleteFrom('messages')
        .where('id', 'in', (old) =>
          old.selectFrom('messages').select('id').where('created_at', '<', before).orderBy('created_at').limit(limit),
        )
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }
}

function matches(where: ExpressionBuilder<Schema, 'messages'>, query: MessageQuery) {
  const { phoneNumberId, projectId, conversationId, direction, status, since, until } = query;
  return where.and([
    where('phone_number_id', '=', phoneNumberId),
    where('project_id', '=', projectId),
    ...(conversationId === null ? [] : [where('conversation_id', '=', conversationId)]),
    ...(direction === null ? [] : [where('direction', '=', direction)]),
    ...(status === null ? [] : [where('status', '=', status)]),
    ...(since === null ? [] : [where('sent_at', '>=', since)]),
    ...(until === null ? [] : [where('sent_at', '<=', until)]),
  ]);
}
