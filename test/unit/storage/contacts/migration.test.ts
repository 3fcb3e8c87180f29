import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import type { DatabasePlace } from '../../../../src/storage/index.ts';
import { foundation } from '../../../../src/storage/migrations/0001-foundation.ts';
import { voiceAgents } from '../../../../src/storage/migrations/0002-voice-agents.ts';
import { outbound } from '../../../../src/storage/migrations/0003-outbound.ts';
import { projects } from '../../../../src/storage/migrations/0004-projects.ts';
import { NodeSqliteDialect } from '../../../../src/storage/node-sqlite-dialect.ts';
import { PostgresDialect } from '../../../../src/storage/postgres/postgres-dialect.ts';
import { Sealer } from '../../../../src/storage/seal.ts';
import { T0 } from '../../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { MASTER_KEY } from '../../../support/master-key.ts';

const [ADA, BOB, EVE] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b', 'eve'];

type Tables = Record<string, Record<string, unknown>>;

/** The tables from before there were contacts, open. */
function open(place: DatabasePlace): Kysely<Tables> {
  const dialect =
    'url' in place
      ? new PostgresDialect({ url: place.url, statementTimeoutMs: 0 })
      : new NodeSqliteDialect(new DatabaseSync(place.path));
  return new Kysely<Tables>({ dialect });
}

function callRow(id: string, pairId: string | null, createdAt: number, name: string | null): Record<string, unknown> {
  const times = { started_at: createdAt, created_at: createdAt, updated_at: createdAt };
  const row = { id, call_id: `wacid.${id}`, direction: 'inbound', status: 'completed', ending_class: 'completed' };
  return { ...row, ...times, phone_number_id: PHONE_NUMBER_ID, pair_id: pairId, user_name: name };
}

/** Ada called twice, Bob was asked for permission, and of Eve only a grant is known. */
async function make0004(place: DatabasePlace): Promise<void> {
  const db = open(place);
  const getMigrations = async () => ({
    '0001-foundation': foundation,
    '0002-voice-agents': voiceAgents(new Sealer(MASTER_KEY)),
    '0003-outbound': outbound,
    '0004-projects': projects,
  });
  expect((await new Migrator({ db, provider: { getMigrations } }).migrateToLatest()).error).toBeUndefined();
  const pair = (id: string, waId: string, more: object = {}) => ({
    id,
    phone_number_id: PHONE_NUMBER_ID,
    wa_id: waId,
    ...more,
  });
  for (const row of [
    pair(ADA, '15550100001'),
    pair(BOB, '15550100002'),
    pair(EVE, '15550100003', { grant_at: T0 + 9 }),
  ]) {
    await db.insertInto('permission_pairs').values(row).execute();
  }
  for (const row of [
    callRow('one', ADA, T0, 'Ada'),
    callRow('two', ADA, T0 + 5, null),
    callRow('none', null, T0, 'Old'),
  ]) {
    await db.insertInto('calls').values(row).execute();
  }
  await db
    .insertInto('permission_requests')
    .values({ id: 'r', pair_id: BOB, phone_number_id: PHONE_NUMBER_ID, template: 0, requested_at: T0 + 7 })
    .execute();
  await db.destroy();
}

const PAGE = { projectId: DEFAULT_PROJECT_ID, phoneNumberId: PHONE_NUMBER_ID, limit: 100, after: null, before: null };

describe.each(DATABASES)('a database from before there were contacts ($name)', ({ fresh }) => {
  it('has everybody as a contact, and what was said and called in one conversation with each', async () => {
    const place = await fresh();
    await make0004(place);
    const database = await openTestDatabase(place);
    const contacts = await database.contacts.list({ ...PAGE, user: null });
    expect(contacts.data).toMatchObject([
      { id: EVE, profileName: null, createdAt: T0 + 9, metadata: {} },
      { id: BOB, profileName: null, createdAt: T0 + 7 },
      { id: ADA, profileName: 'Ada', createdAt: T0, updatedAt: T0 + 5 },
    ]);
    const query = {
      ...PAGE,
      user: null,
      status: null,
      lastActiveSince: null,
      lastActiveUntil: null,
      withMessages: true,
    };
    const { data } = await database.conversations.list(query);
    expect(data).toMatchObject([
      { contact: { id: BOB }, status: 'active', createdAt: T0 + 7, lastActiveAt: T0 + 7 },
      { contact: { id: ADA }, status: 'active', createdAt: T0, lastActiveAt: T0 + 5, messages: { count: 0 } },
    ]);
    const found = async (id: string) => await database.calls.find(DEFAULT_PROJECT_ID, id);
    for (const id of ['one', 'two']) {
      expect(await found(id)).toMatchObject({ whatsapp_contact_id: ADA, whatsapp_conversation_id: data[1]?.id });
    }
    expect(await found('none')).toMatchObject({
      whatsapp_contact: { id: null, profile_name: 'Old' },
      whatsapp_conversation: null,
    });
    const next = callIdentity({ user: { waId: '15550100001', userId: null, parentUserId: null, name: null } });
    await database.calls.create(next, 'ringing', T0 + 20, null);
    expect(await found(next.id)).toMatchObject({ whatsapp_conversation_id: data[1]?.id });
  });

  it('is still written by the version before', async () => {
    const place = await fresh();
    await make0004(place);
    const database = await openTestDatabase(place);
    const before = open(place);
    const row = { id: 'late', phone_number_id: PHONE_NUMBER_ID, wa_id: '15550100009' };
    await before.insertInto('permission_pairs').values(row).execute();
    await before
      .insertInto('calls')
      .values(callRow('late', 'late', T0, 'Zoe'))
      .execute();
    await before.destroy();
    expect(await database.calls.find(DEFAULT_PROJECT_ID, 'late')).toMatchObject({
      whatsapp_contact_id: 'late',
      whatsapp_conversation: null,
    });
    const next = callIdentity({ user: { waId: '15550100009', userId: null, parentUserId: null, name: 'Zoe' } });
    await database.calls.create(next, 'ringing', T0 + 20, null);
    const [contact] = (await database.contacts.list({ ...PAGE, user: null })).data;
    expect(contact).toMatchObject({ id: 'late', profileName: 'Zoe', createdAt: T0 + 20 });
  });

  it('lets the version before make one pair of two, though it knows of no conversations', async () => {
    const place = await fresh();
    await make0004(place);
    const database = await openTestDatabase(place);
    const before = open(place);
    // As that version does it when a webhook names a user by number and BSUID.
    for (const table of ['calls', 'permission_requests', 'dials']) {
      await before.updateTable(table).set({ pair_id: BOB }).where('pair_id', '=', ADA).execute();
    }
    await before.deleteFrom('permission_pairs').where('id', '=', ADA).execute();
    await before.destroy();
    const call = await database.calls.find(DEFAULT_PROJECT_ID, 'one');
    expect(call).toMatchObject({ whatsapp_contact_id: BOB, whatsapp_conversation_id: ADA });
    expect(await database.conversations.find(DEFAULT_PROJECT_ID, ADA)).toMatchObject({ id: ADA, contact: null });
  });
});
