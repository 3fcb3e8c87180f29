import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { DEFAULT_DIAL_RULES } from '../../../src/permissions/ports.ts';
import { type DatabasePlace, openDatabase, SealError } from '../../../src/storage/index.ts';
import { foundation } from '../../../src/storage/migrations/0001-foundation.ts';
import { NodeSqliteDialect } from '../../../src/storage/node-sqlite-dialect.ts';
import { PostgresDialect } from '../../../src/storage/postgres/postgres-dialect.ts';
import { Sealer } from '../../../src/storage/seal.ts';
import { T0 } from '../../support/call.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

const AGENT_ID = '4ea1efa1-5cc3-85b9-a020-c0adbb184363';

/** A database as talkwire 0.1 left it: two numbers, one of them with an agent, a call that was live and one of ours that is over. */
async function make0001(place: DatabasePlace): Promise<void> {
  const db = new Kysely<Record<string, Record<string, unknown>>>({
    dialect:
      'url' in place
        ? new PostgresDialect({ url: place.url, statementTimeoutMs: 0 })
        : new NodeSqliteDialect(new DatabaseSync(place.path)),
  });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ '0001-foundation': foundation }) } });
  expect((await migrator.migrateToLatest()).error).toBeUndefined();
  const sealer = new Sealer(MASTER_KEY);
  const number = (id: string, more: object) => ({
    phone_number_id: id,
    display_phone_number: null,
    credential_kind: 'bearer',
    credential_sealed: sealer.seal(`token of ${id}`, `numbers.credential:${id}`),
    agent: null,
    agent_token_sealed: null,
    policy: JSON.stringify({ ...DEFAULT_POLICY, maxDurationMs: 60_000, recoveryTimeoutMs: undefined }),
    created_at: T0,
    updated_at: T0 + 1,
    ...more,
  });
  const agent = {
    id: AGENT_ID,
    name: 'default',
    wire: 'raw',
    url: 'wss://agent.test/talk',
    token: null,
    tokenIn: 'query',
    sampleRate: 24_000,
    connectTimeoutMs: 2_500,
    reconnectAttempts: 7,
    parameters: { lang: 'en' },
  };
  await db
    .insertInto('numbers')
    .values([
      number('1', {
        agent: JSON.stringify(agent),
        agent_token_sealed: sealer.seal('agent-token', 'numbers.agent_token:1'),
      }),
      number('2', {}),
      number('3', { agent: JSON.stringify({ ...agent, id: 'another' }) }),
    ])
    .execute();
  await db
    .insertInto('calls')
    .values({
      id: 'c',
      call_id: 'wacid.c',
      direction: 'inbound',
      status: 'answered',
      phone_number_id: '1',
      started_at: T0,
      session_started_at: T0,
      created_at: T0,
      updated_at: T0,
    })
    .execute();
  await db
    .insertInto('calls')
    .values({
      id: 'd',
      call_id: 'wacid.d',
      direction: 'outbound',
      status: 'completed',
      phone_number_id: '1',
      user_wa_id: '15550100001',
      started_at: T0,
      session_started_at: T0,
      ending_class: 'completed',
      created_at: T0,
      updated_at: T0,
    })
    .execute();
  await db.destroy();
}

describe.each(DATABASES)('a database of version 0001 ($name)', ({ fresh }) => {
  it("has its numbers' agents as voice agents afterwards, each the primary of its number", async () => {
    const place = await fresh();
    await make0001(place);
    const { agents, numbers, calls } = await openTestDatabase(place);
    const first = {
      id: AGENT_ID,
      projectId: DEFAULT_PROJECT_ID,
      name: 'default',
      provider: {
        kind: 'websocket',
        url: 'wss://agent.test/talk',
        inbound: false,
        token: 'agent-token',
        token_in: 'query',
        sample_rate: 24_000,
      },
      settings: {
        max_concurrent_calls: null,
        connect_timeout_seconds: 2.5,
        speak_within_seconds: null,
        health_url: null,
        parameters: { lang: 'en' },
      },
      createdAt: T0,
      updatedAt: T0 + 1,
    };
    const { token: _token, ...withoutToken } = first.provider;
    expect(agents.list()).toEqual([first, { ...first, id: 'another', provider: withoutToken }]);
    expect(agents.assignments({ phoneNumberId: '1' })).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        voiceAgentId: AGENT_ID,
        phoneNumberId: '1',
        isPrimary: true,
        enabled: true,
        position: 0,
        onLost: { reconnectAttempts: 7, then: { action: 'next' } },
        createdAt: T0,
        updatedAt: T0 + 1,
      },
    ]);
    expect(agents.assignments({ phoneNumberId: '2' })).toEqual([]);
    expect(numbers.list().map(({ phoneNumberId }) => phoneNumberId)).toEqual(['1', '2', '3']);
    expect(await numbers.credentials('1')).toEqual({ kind: 'bearer', secret: 'token of 1' });
    // A rule that did not exist then has its default.
    expect(numbers.handlingOf('1')?.policy).toEqual({ ...DEFAULT_POLICY, maxDurationMs: 60_000 });
    expect(await calls.unfinished()).toEqual([
      expect.objectContaining({ answered: true, launched: false, identity: expect.objectContaining({ id: 'c' }) }),
    ]);
  });

  it('has its calls as they were: they count for their number, and for no user', async () => {
    const place = await fresh();
    await make0001(place);
    const { calls, permissions, numbers } = await openTestDatabase(place);
    expect(await calls.find(DEFAULT_PROJECT_ID, 'd')).toMatchObject({
      call_id: 'wacid.d',
      started_at: new Date(T0).toISOString(),
    });
    expect((await calls.unfinished()).map(({ followed }) => followed)).toEqual([false]);
    const { number, pair } = await permissions.read('1', { waId: '15550100001', userId: null }, T0 + 1);
    expect(number).toMatchObject({ liveCalls: 1, dials24h: 1, oldestDialAt: T0 });
    expect(pair).toMatchObject({ connectedAt: [], lastConnectedAt: null, liveCall: null });
    expect(numbers.dialRules('1')).toEqual(DEFAULT_DIAL_RULES);
  });

  it('stays as it was under another master key, and opens under its own afterwards', async () => {
    const place = await fresh();
    await make0001(place);
    await expect(openDatabase({ ...place, masterKey: Buffer.alloc(32, 9) })).rejects.toThrow(SealError);
    const { agents } = await openTestDatabase(place);
    expect(agents.list()).toHaveLength(2);
  });
});
