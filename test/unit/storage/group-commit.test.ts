import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutcomeUnknown } from '../../../src/storage/database-error.ts';
import { GroupCommit } from '../../../src/storage/group-commit.ts';
import { NodeSqliteDialect } from '../../../src/storage/node-sqlite-dialect.ts';
import type { Schema } from '../../../src/storage/schema.ts';
import { SqliteFile } from '../../../src/storage/sqlite-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'talkwire-group-commit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A table `kept` in a file, and a disk that is as slow, or as broken, as the test has it. */
async function setUp() {
  const file = await SqliteFile.open(join(folder, 'kept.db'));
  const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(file) });
  await sql`create table kept (word text)`.execute(db);
  const disk: PromiseWithResolvers<void>[] = [];
  const toDisk = () => {
    const turn = Promise.withResolvers<void>();
    disk.push(turn);
    return turn.promise;
  };
  const writes = new GroupCommit(db, toDisk);
  const keep = (word: string) =>
    writes.run((transaction) => sql`insert into kept values (${word})`.execute(transaction)).then(() => word);
  const kept = async () => {
    const { rows } = await sql<{ word: string }>`select word from kept`.execute(db);
    return rows.map(({ word }) => word);
  };
  return { db, disk, writes, keep, kept };
}

describe('writes of one tick, with a disk that takes its time', () => {
  it('are done when they are on the disk, are read meanwhile, and cost one wait for it', async () => {
    const { db, disk, keep, kept } = await setUp();
    const done: string[] = [];
    const writing = Promise.all(['one', 'two'].map((word) => keep(word).then((each) => done.push(each))));
    await expect.poll(() => disk.length).toBe(1);
    expect(await kept()).toEqual(['one', 'two']);
    expect(done).toEqual([]);
    disk[0]!.resolve();
    await writing;
    expect(done).toEqual(['one', 'two']);
    expect(disk).toHaveLength(1);
    await db.destroy();
  });

  it('gather what comes while the disk is written, and idle waits for both', async () => {
    const { db, disk, writes, keep, kept } = await setUp();
    const first = keep('first');
    await expect.poll(() => disk.length).toBe(1);
    const others = Promise.all([keep('second'), keep('third')]);
    let isIdle = false;
    const idle = writes.idle().then(() => {
      isIdle = true;
    });
    disk[0]!.resolve();
    await first;
    await expect.poll(() => disk.length).toBe(2);
    expect(await kept()).toEqual(['first', 'second', 'third']);
    expect(isIdle).toBe(false);
    disk[1]!.resolve();
    await others;
    await idle;
    expect(disk).toHaveLength(2);
    await db.destroy();
  });

  it('are of unknown outcome when it fails, are not tried again, and hold up nothing', async () => {
    const { db, disk, keep, kept } = await setUp();
    const lost = Promise.allSettled([keep('one'), keep('two')]);
    await expect.poll(() => disk.length).toBe(1);
    const broken = new Error('EIO');
    disk[0]!.reject(broken);
    const outcomes = await lost;
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { cause: broken } });
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(OutcomeUnknown);
    }
    const next = keep('three');
    await expect.poll(() => disk.length).toBe(2);
    disk[1]!.resolve();
    expect(await next).toBe('three');
    expect(await kept()).toEqual(['one', 'two', 'three']);
    await db.destroy();
  });
});

describe('a SQLite file', () => {
  it('is brought to the disk where SQLite has its log, also when it was opened by a link', async () => {
    const place = join(folder, 'there.db');
    (await SqliteFile.open(place)).close();
    symlinkSync(place, join(folder, 'link.db'));
    const file = await SqliteFile.open(join(folder, 'link.db'));
    file.prepare('create table kept (word text)').run();
    await file.toDisk();
    await file.toDisk();
    file.close();
  });

  it('says so when it cannot be brought there', async () => {
    const place = join(folder, 'there.db');
    const file = await SqliteFile.open(place);
    file.prepare('create table kept (word text)').run();
    rmSync(`${place}-wal`);
    await expect(file.toDisk()).rejects.toThrow('ENOENT');
    file.close();
  });

  it('has nothing to bring there when it is in memory', async () => {
    const file = await SqliteFile.open(':memory:');
    file.prepare('create table kept (word text)').run();
    await file.toDisk();
    file.close();
  });
});
