import { randomUUID } from 'node:crypto';
import { type ExpressionBuilder, type Kysely, type Selectable, sql } from 'kysely';
import { KeptQuery } from '../kept-query.ts';
import { projectOfNumber } from '../project-of-number.ts';
import type { ConversationsTable, Schema } from '../schema.ts';
import { tellConversation } from './conversation-events.ts';
import { adoptContact, noteProfile, type Profile } from './profile.ts';

export type ConversationRow = Selectable<ConversationsTable>;

/** Something that was said, or a call, of which the conversation is looked for. */
export interface Word {
  readonly pairId: string;
  readonly phoneNumberId: string;
  /** When it was said, Unix milliseconds. */
  readonly at: number;
  /** Default: the same. A list is in the order of our own clock. */
  readonly now?: number;
  /** What the webhook says of the user, which is noted. Default: nothing. */
  readonly profile?: Profile;
}

/** Meta tells the times of messages in whole seconds. */
const SECOND_MS = 1_000;

/**
 * The conversation that a call or a message of now belongs to, in the transaction of `db`: the active one, which was last
 * active then, or a new one. One statement, for every dial and every call needs it.
 */
export async function conversationFor(db: Kysely<Schema>, word: Word): Promise<string> {
  const { pairId, at, now = at } = word;
  const id = randomUUID();
  const [row] = await CONTINUE.execute(db, { id, pairId, phoneNumberId: word.phoneNumberId, at, now });
  if (row === undefined) {
    // The number has passed to another project, which must not see what was said before.
    await endOfPair(db, pairId, now);
    return await conversationFor(db, word);
  }
  const { pair_project: pairProject, pair_created_at: pairCreatedAt, ...conversation } = row;
  const isNew = row.id === id;
  const isStrange = pairProject !== row.project_id || pairCreatedAt === 0;
  if (isNew && isStrange) await adoptContact(db, pairId, row.project_id, now);
  if (word.profile !== undefined) await noteProfile(db, pairId, word.profile, now);
  if (!isNew) return row.id;
  await tellConversation(db, 'whatsapp.conversation.created', conversation, now);
  return id;
}

/** The same for a message, which may come late: one that was said before the end of a conversation does not begin another. */
export async function conversationOfMessage(db: Kysely<Schema>, word: Word): Promise<string> {
  const said = await db
    .selectFrom('conversations')
    .select('id')
    .where('pair_id', '=', word.pairId)
    .where('ended_at', '>=', word.at + SECOND_MS)
    .where('project_id', '=', projectOfNumber(word.phoneNumberId))
    .where(({ not, exists }) => not(exists(activeOf(db, word.pairId).select('id'))))
    .orderBy('ended_at')
    .limit(1)
    .executeTakeFirst();
  if (said === undefined) return await conversationFor(db, word);
  if (word.profile !== undefined) await noteProfile(db, word.pairId, word.profile, word.now ?? word.at);
  return said.id;
}

/** Ends an active conversation, in the transaction of `db`. */
export async function endConversation(db: Kysely<Schema>, row: ConversationRow, at: number): Promise<ConversationRow> {
  const changes = { status: 'ended', ended_at: at, updated_at: at } as const;
  await db.updateTable('conversations').set(changes).where('id', '=', row.id).execute();
  const ended = { ...row, ...changes };
  await tellConversation(db, 'whatsapp.conversation.ended', ended, at);
  return ended;
}

/**
 * Gives the conversations of one pair to another, in the transaction of `db`. Of two active ones the younger ends and stays,
 * so that links to it still lead somewhere.
 */
export async function moveConversations(db: Kysely<Schema>, from: string, into: string, at: number): Promise<void> {
  const active = await db
    .selectFrom('conversations')
    .selectAll()
    .where('pair_id', 'in', [from, into])
    .where('status', '=', 'active')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const [elder, younger] = active;
  if (elder !== undefined && younger !== undefined) {
    await endConversation(db, younger, Math.max(at, younger.last_active_at));
    if (elder.last_active_at < younger.last_active_at) await touch(db, elder.id, younger.last_active_at);
  }
  await db.updateTable('conversations').set({ pair_id: into }).where('pair_id', '=', from).execute();
}

async function endOfPair(db: Kysely<Schema>, pairId: string, at: number): Promise<void> {
  const active = await activeOf(db, pairId).selectAll().executeTakeFirst();
  if (active !== undefined) await endConversation(db, active, at);
}

function activeOf(db: Kysely<Schema>, pairId: string) {
  return db.selectFrom('conversations').where('pair_id', '=', pairId).where('status', '=', 'active');
}

async function touch(db: Kysely<Schema>, id: string, at: number): Promise<void> {
  await db.updateTable('conversations').set({ last_active_at: at, updated_at: at }).where('id', '=', id).execute();
}

type Continued = Required<Omit<Word, 'profile'>> & { readonly id: string };

/** The row that is there now; none if the active one is of another project. */
const CONTINUE = new KeptQuery((db, { id, pairId, phoneNumberId, at, now }: Continued) => {
  const isLater = sql<boolean>`excluded.last_active_at > conversations.last_active_at`;
  const later = (column: 'last_active_at' | 'updated_at') =>
    sql<number>`case when ${isLater} then ${sql.ref(`excluded.${column}`)} else ${sql.ref(`conversations.${column}`)} end`;
  return db
    .insertInto('conversations')
    .values({
      id,
      pair_id: pairId,
      phone_number_id: phoneNumberId,
      project_id: projectOfNumber(phoneNumberId),
      status: 'active',
      last_active_at: at,
      ended_at: null,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) =>
      conflict
        .column('pair_id')
        // Written out: PostgreSQL finds the index by it, and does not look into parameters.
        .where(sql<boolean>`status = 'active'`)
        .doUpdateSet({ last_active_at: later('last_active_at'), updated_at: later('updated_at') })
        .where(sql<boolean>`conversations.project_id = excluded.project_id`),
    )
    .returningAll()
    .returning((returning) => [
      pairColumn(returning, 'project_id').as('pair_project'),
      pairColumn(returning, 'created_at').as('pair_created_at'),
    ]);
});

function pairColumn<C extends 'project_id' | 'created_at'>(
  returning: ExpressionBuilder<Schema, 'conversations'>,
  column: C,
) {
  return returning
    .selectFrom('permission_pairs')
    .select(column)
    .whereRef('permission_pairs.id', '=', 'conversations.pair_id');
}
