import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { DEFAULT_PROJECT_ID } from '../../call/index.ts';

/** Who the users are, the conversations that calls and messages belong to, and messages of numbers that keep them. */
export const contacts: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createConversations(db);
    await createMessages(db);
    for (const table of ['calls', 'permission_requests']) {
      await db.schema.alterTable(table).addColumn('conversation_id', 'text').execute();
    }
    await extendPairs(db);
    await openConversations(db);
    await describePairs(db);
  },
};

async function createConversations(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('conversations')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    // No reference: an older version of this service makes one pair of two, and deletes one of them, without a thought of this.
    .addColumn('pair_id', 'text', (column) => column.notNull())
    .addColumn('phone_number_id', 'text', (column) => column.notNull())
    .addColumn('project_id', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('last_active_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('conversations_active')
    .unique()
    .on('conversations')
    .column('pair_id')
    .where('status' as never, '=', 'active')
    .execute();
  await schema.createIndex('conversations_of_pair').on('conversations').columns(['pair_id', 'created_at']).execute();
  await schema
    .createIndex('conversations_listed')
    .on('conversations')
    .columns(['phone_number_id', 'project_id', 'created_at', 'id'])
    .execute();
  await schema
    .createIndex('conversations_listed_by_status')
    .on('conversations')
    .columns(['phone_number_id', 'project_id', 'status', 'created_at', 'id'])
    .execute();
}

async function createMessages(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('messages')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('wamid', 'text', (column) => column.notNull())
    .addColumn('phone_number_id', 'text', (column) => column.notNull())
    .addColumn('project_id', 'text', (column) => column.notNull())
    .addColumn('pair_id', 'text', (column) => column.notNull())
    .addColumn('conversation_id', 'text', (column) => column.notNull().references('conversations.id'))
    .addColumn('direction', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('content', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('errors', 'text')
    .addColumn('sent_at', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('messages_wamid', ['phone_number_id', 'wamid'])
    .execute();
  await schema
    .createIndex('messages_listed')
    .on('messages')
    .columns(['phone_number_id', 'project_id', 'created_at', 'id'])
    .execute();
  await schema
    .createIndex('messages_of_conversation')
    .on('messages')
    .columns(['conversation_id', 'created_at', 'id'])
    .execute();
  await schema.createIndex('messages_of_pair').on('messages').column('pair_id').execute();
  await schema.createIndex('messages_age').on('messages').column('created_at').execute();
}

/** The defaults are for pairs that an older version of this service still makes. */
async function extendPairs(db: Kysely<unknown>): Promise<void> {
  const add = (name: string) => db.schema.alterTable('permission_pairs').addColumn(name, 'text').execute();
  for (const name of ['profile_name', 'username', 'parent_user_id', 'display_name', 'metadata']) await add(name);
  await db.schema
    .alterTable('permission_pairs')
    .addColumn('project_id', 'text', (column) => column.notNull().defaultTo(DEFAULT_PROJECT_ID))
    .execute();
  for (const name of ['created_at', 'updated_at']) {
    await db.schema
      .alterTable('permission_pairs')
      .addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
  }
  await db.schema
    .createIndex('permission_pairs_listed')
    .on('permission_pairs')
    .columns(['phone_number_id', 'project_id', 'created_at', 'id'])
    .execute();
}

/** What was said and called before belongs to one conversation of its pair, which has the pair's id: both are UUIDs. */
async function openConversations(db: Kysely<unknown>): Promise<void> {
  await sql`
    insert into conversations
      (id, pair_id, phone_number_id, project_id, status, last_active_at, ended_at, created_at, updated_at)
    select pair.id, pair.id, pair.phone_number_id, ${projectOf('pair')}, 'active', heard.newest, null, heard.oldest, heard.newest
    from permission_pairs as pair
    join (
      select pair_id, min(at) as oldest, max(at) as newest
      from (
        select pair_id, created_at as at from calls where pair_id is not null
        union all
        select pair_id, requested_at as at from permission_requests
      ) as each_one
      group by pair_id
    ) as heard on heard.pair_id = pair.id`.execute(db);
  await sql`update calls set conversation_id = pair_id where pair_id is not null`.execute(db);
  await sql`update permission_requests set conversation_id = pair_id`.execute(db);
}

async function describePairs(db: Kysely<unknown>): Promise<void> {
  const DAY_MS = 24 * 3_600_000;
  await sql`
    update permission_pairs set
      project_id = ${projectOf('permission_pairs')},
      profile_name = (
        select user_name from calls
        where calls.pair_id = permission_pairs.id and user_name is not null
        order by calls.created_at desc limit 1
      ),
      created_at = coalesce(
        (select conversations.created_at from conversations where conversations.id = permission_pairs.id),
        grant_at, live_at, window_until - ${sql.lit(DAY_MS)}, ${sql.lit(Date.now())}
      )`.execute(db);
  await sql`
    update permission_pairs set updated_at = coalesce(
      (select conversations.last_active_at from conversations where conversations.id = permission_pairs.id), created_at
    )`.execute(db);
}

function projectOf(table: 'pair' | 'permission_pairs') {
  const number = sql.ref(`${table}.phone_number_id`);
  return sql`coalesce(
    (select numbers.project_id from numbers where numbers.phone_number_id = ${number}), ${sql.lit(DEFAULT_PROJECT_ID)}
  )`;
}
