import type { ExpressionBuilder, Kysely } from 'kysely';
import type {
  Conversation,
  ConversationBook,
  ConversationQuery,
  ConversationStatus,
  Page,
} from '../../calls-api/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import { keysetPage } from '../keyset-page.ts';
import { findPairs } from '../permission-book/pairs.ts';
import type { Schema } from '../schema.ts';
import { type LinkedPair, linkedPairs, toContactLink } from './contact-link.ts';
import { type ConversationRow, endConversation } from './conversations.ts';
import { messageSummaries } from './message-summaries.ts';
import { isOfNumber } from './of-number.ts';

export class ConversationStore implements ConversationBook {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  async list(query: ConversationQuery): Promise<Page<Conversation>> {
    const { user, phoneNumberId } = query;
    const pairs = user === null ? null : await findPairs(this.#db, phoneNumberId, user);
    if (pairs?.length === 0) return { data: [], before: null, after: null };
    const matching = this.#db
      .selectFrom('conversations')
      .selectAll()
      .where((where) => matches(where, query))
      .$if(pairs !== null, (conversations) =>
        conversations.where(
          'pair_id',
          'in',
          (pairs ?? []).map(({ id }) => id),
        ),
      );
    const page = await keysetPage(matching, 'conversations', query);
    return { ...page, data: await toConversations(this.#db, page.data, query.withMessages) };
  }

  async find(projectId: string, id: string): Promise<Conversation | null> {
    const row = await find(this.#db, projectId, id);
    return row === null ? null : await toConversation(this.#db, row);
  }

  async setStatus(
    projectId: string,
    id: string,
    status: ConversationStatus,
    at: number,
  ): Promise<Conversation | 'taken' | null> {
    return await this.#writes.run(async (db) => {
      const row = await find(db, projectId, id);
      if (row === null) return null;
      const changed = await changeStatus(db, row, status, at);
      return changed === 'taken' ? 'taken' : await toConversation(db, changed);
    });
  }
}

async function changeStatus(
  db: Kysely<Schema>,
  row: ConversationRow,
  status: ConversationStatus,
  at: number,
): Promise<ConversationRow | 'taken'> {
  if (row.status === status) return row;
  if (status === 'ended') return await endConversation(db, row, at);
  const other = await db
    .selectFrom('conversations')
    .select('id')
    .where('pair_id', '=', row.pair_id)
    .where('status', '=', 'active')
    .executeTakeFirst();
  if (other !== undefined) return 'taken';
  const changes = { status, ended_at: null, updated_at: at } as const;
  await db.updateTable('conversations').set(changes).where('id', '=', row.id).execute();
  return { ...row, ...changes };
}

async function find(db: Kysely<Schema>, projectId: string, id: string): Promise<ConversationRow | null> {
  const row = await db
    .selectFrom('conversations')
    .selectAll()
    .where('id', '=', id)
    .where('project_id', '=', projectId)
    .executeTakeFirst();
  return row ?? null;
}

function matches(where: ExpressionBuilder<Schema, 'conversations'>, query: ConversationQuery) {
  const { user, status, lastActiveSince: since, lastActiveUntil: until } = query;
  return where.and([
    isOfNumber(query, { narrowed: user !== null }),
    ...(status === null ? [] : [where('status', '=', status)]),
    ...(since === null ? [] : [where('last_active_at', '>=', since)]),
    ...(until === null ? [] : [where('last_active_at', '<=', until)]),
  ]);
}

async function toConversation(db: Kysely<Schema>, row: ConversationRow): Promise<Conversation> {
  return (await toConversations(db, [row], true))[0]!;
}

async function toConversations(db: Kysely<Schema>, rows: readonly ConversationRow[], withMessages: boolean) {
  const pairs = await linkedPairs(
    db,
    rows.map((row) => row.pair_id),
  );
  const ids = rows.map((row) => row.id);
  const summaryOf = withMessages ? await messageSummaries(db, ids) : () => null;
  return rows.map((row): Conversation => {
    const pair = pairs.get(row.pair_id);
    return {
      id: row.id,
      phoneNumberId: row.phone_number_id,
      status: row.status,
      lastActiveAt: row.last_active_at,
      endedAt: row.ended_at,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      user: { waId: pair?.wa_id ?? null, userId: pair?.user_id ?? null },
      contact: pair?.project_id === row.project_id ? toConversationContact(pair) : null,
      messages: summaryOf(row.id),
    };
  });
}

function toConversationContact(pair: LinkedPair): Conversation['contact'] {
  const { id, wa_id: waId, profile_name: profileName, display_name: displayName } = toContactLink(pair);
  return { id, waId, profileName, displayName };
}
