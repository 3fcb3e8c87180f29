import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CompiledQuery, Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import type { DatabasePlace } from '../../../src/storage/index.ts';
import { foundation } from '../../../src/storage/migrations/0001-foundation.ts';
import { voiceAgents } from '../../../src/storage/migrations/0002-voice-agents.ts';
import { outbound } from '../../../src/storage/migrations/0003-outbound.ts';
import { migrations } from '../../../src/storage/migrations/run-migrations.ts';
import { NodeSqliteDialect } from '../../../src/storage/node-sqlite-dialect.ts';
import { PostgresDialect } from '../../../src/storage/postgres/postgres-dialect.ts';
import { Sealer } from '../../../src/storage/seal.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

/** Place in `statements`, parameters, and the rows that came back or how many were changed. */
type Recorded = readonly [number, readonly unknown[], readonly Record<string, unknown>[] | number];

/**
 * All that the last version before projects said to its database, recorded from that version at work in all of its stores:
 * `before` filled a new database of its own, `after` went on with it when the process had started anew.
 */
const RECORDED: {
  readonly statements: readonly string[];
  readonly before: readonly Recorded[];
  readonly after: readonly Recorded[];
} = JSON.parse(readFileSync(new URL('../../fixtures/statements-of-0003.json', import.meta.url), 'utf8'));

const sealer = new Sealer(MASTER_KEY);
const OLD: Record<string, Migration> = {
  '0001-foundation': foundation,
  '0002-voice-agents': voiceAgents(sealer),
  '0003-outbound': outbound,
};

function connect(place: DatabasePlace): Kysely<unknown> {
  const dialect =
    'url' in place
      ? new PostgresDialect({ url: place.url, statementTimeoutMs: 0 })
      : new NodeSqliteDialect(new DatabaseSync(place.path, { enableForeignKeyConstraints: true }));
  return new Kysely({ dialect });
}

async function make0003(place: DatabasePlace): Promise<void> {
  const db = connect(place);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => OLD } });
  expect((await migrator.migrateToLatest()).error).toBeUndefined();
  await db.destroy();
}

/** Says it again, and expects the same answers: of rows, the columns that there were. */
async function replay(place: DatabasePlace, recorded: readonly Recorded[]): Promise<void> {
  const db = connect(place);
  for (const [index, parameters, answer] of recorded) {
    const text = RECORDED.statements[index]!;
    let count = 0;
    const sql = 'url' in place ? text.replaceAll('?', () => `$${++count}`) : text;
    const { rows, numAffectedRows } = await db.executeQuery<Record<string, unknown>>(
      CompiledQuery.raw(sql, parameters.map(decoded)),
    );
    if (typeof answer === 'number') expect([sql, Number(numAffectedRows)]).toEqual([sql, answer]);
    else expect([sql, rows.map((row, at) => columnsOf(row, answer[at]))]).toEqual([sql, answer]);
  }
  await db.destroy();
}

function columnsOf(row: Record<string, unknown>, known: Record<string, unknown> | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.keys(known ?? row).map((name) => [name, encoded(row[name])]));
}

function encoded(value: unknown): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;
}

function decoded(value: unknown): unknown {
  const isBytes = typeof value === 'object' && value !== null && 'base64' in value;
  return isBytes ? Buffer.from(String(value.base64), 'base64') : value;
}

describe.each(DATABASES)('an older version on the tables of this one ($name)', ({ fresh }) => {
  it('goes on writing and reading as if nothing was, and this version understands what it wrote', async () => {
    const place = await fresh();
    await make0003(place);
    await replay(place, RECORDED.before);
    const first = await openTestDatabase(place);
    expect(first.numbers.projectOf(PHONE_NUMBER_ID)).toBe(DEFAULT_PROJECT_ID);
    await first.close();

    await replay(place, RECORDED.after);

    const { calls, numbers, agents, permissions, contacts, inbox } = await openTestDatabase(place);
    const everywhere = {
      projectId: DEFAULT_PROJECT_ID,
      phoneNumberId: null,
      direction: null,
      status: null,
      callId: null,
    };
    const { data } = await calls.list({
      ...everywhere,
      since: null,
      until: null,
      agentId: null,
      user: null,
      limit: 100,
      after: null,
      before: null,
    });
    // Seven of each round, of which one was placed after it had waited.
    expect(data).toHaveLength(12);
    for (const { id } of data) expect(await calls.find(DEFAULT_PROJECT_ID, id)).not.toBeNull();
    expect((await calls.unfinished()).length).toBeGreaterThan(0);
    expect(numbers.list().map(({ projectId }) => projectId)).toEqual(Array(3).fill(DEFAULT_PROJECT_ID));
    expect(agents.list().map(({ projectId }) => projectId)).toEqual(Array(2).fill(DEFAULT_PROJECT_ID));
    const [dial] = data.filter(({ status }) => status === 'awaiting_permission');
    expect(await permissions.waiting(dial!.id)).toMatchObject({ state: 'awaiting_permission' });
    const page = await contacts.list({
      projectId: DEFAULT_PROJECT_ID,
      phoneNumberId: PHONE_NUMBER_ID,
      user: null,
      limit: 100,
      after: null,
      before: null,
    });
    expect(page.data.length).toBeGreaterThan(10);
    expect(await inbox.pending(10)).toHaveLength(0);
  });
});

describe('migrations', () => {
  it('go forward only, in the order of their names', () => {
    const all = Object.entries(migrations(sealer));
    expect(all.filter(([, { down }]) => down !== undefined)).toEqual([]);
    const names = all.map(([name]) => name);
    expect(names).toEqual(names.toSorted());
    for (const [index, name] of names.entries()) expect(name.startsWith(String(index + 1).padStart(4, '0'))).toBe(true);
  });
});
