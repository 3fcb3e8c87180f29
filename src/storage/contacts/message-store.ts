import type { ExpressionBuilder, Kysely } from 'kysely';
import type { MessageHistory, MessageQuery, OfNumber, Page, StoredMessage } from '../../calls-api/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import { keysetPage } from '../keyset-page.ts';
import type { Schema } from '../schema.ts';
import { toStoredMessages } from './message-rows.ts';
import { isOfNumber } from './of-number.ts';

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

/** How far apart Meta's clock, which says when a message was sent, and ours may be. */
const CLOCKS_APART_MS = 24 * 3_600_000;

function matches(where: ExpressionBuilder<Schema, 'messages'>, query: MessageQuery) {
  const { conversationId, direction, status, since, until } = query;
  return where.and([
    isOfNumber(query, { narrowed: conversationId !== null }),
    ...(conversationId === null ? [] : [where('conversation_id', '=', conversationId)]),
    ...(direction === null ? [] : [where('direction', '=', direction)]),
    ...(status === null ? [] : [where('status', '=', status)]),
    // A message is kept after it was sent, and the list is in the order in which they were kept: so it has an end.
    ...(since === null ? [] : [where('sent_at', '>=', since), where('created_at', '>=', since - CLOCKS_APART_MS)]),
    ...(until === null ? [] : [where('sent_at', '<=', until)]),
  ]);
}
