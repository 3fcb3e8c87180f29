import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { NodeSqliteDialect } from '../../../src/storage/node-sqlite-dialect.ts';

interface Tables {
  things: { name: string };
}

async function openThings() {
  const file = new DatabaseSync(':memory:');
  file.exec('create table things (name text)');
  const prepared = vi.spyOn(file, 'prepare');
  const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(file) });
  onTestFinished(() => db.destroy());
  return { db, prepared };
}

describe('statements on SQLite', () => {
  it('are prepared once, whatever they are run with', async () => {
    const { db, prepared } = await openThings();
    for (const name of ['a', 'b', 'c']) await db.insertInto('things').values({ name }).execute();
    expect(await db.selectFrom('things').selectAll().orderBy('name').execute()).toEqual([
      { name: 'a' },
      { name: 'b' },
      { name: 'c' },
    ]);
    expect(prepared).toHaveBeenCalledTimes(2);
  });

  it('know a column that came after they were prepared', async () => {
    const { db } = await openThings();
    await db.insertInto('things').values({ name: 'a' }).execute();
    const all = () => db.selectFrom('things').selectAll().execute();
    expect(await all()).toEqual([{ name: 'a' }]);
    await db.schema.alterTable('things').addColumn('size', 'integer').execute();
    expect(await all()).toEqual([{ name: 'a', size: null }]);
  });

  it('work again after they failed', async () => {
    const { db } = await openThings();
    await db.schema.createIndex('one_of_each').unique().on('things').column('name').execute();
    const insert = (name: string) => db.insertInto('things').values({ name }).execute();
    await insert('a');
    await expect(insert('a')).rejects.toThrow();
    await insert('b');
    expect(await db.selectFrom('things').selectAll().execute()).toHaveLength(2);
  });

  it('are forgotten when there are too many, those used longest ago first', async () => {
    const { db, prepared } = await openThings();
    const often = () => sql`select 'often'`.execute(db);
    await often();
    for (let n = 0; n < 1_000; n += 1) {
      await sql.raw(`select ${n}`).execute(db);
      await often();
    }
    expect(prepared).toHaveBeenCalledTimes(1_001);
    await sql.raw('select 0').execute(db);
    expect(prepared).toHaveBeenCalledTimes(1_002);
  });
});
