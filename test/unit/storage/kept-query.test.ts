import type { Kysely } from 'kysely';
import { describe, expect, it, vi } from 'vitest';
import { KeptQuery } from '../../../src/storage/kept-query.ts';
import type { Schema } from '../../../src/storage/schema.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';
import { overheardTables } from '../../support/overheard-tables.ts';

type Wanted = Readonly<Record<'from' | 'to', number>>;

const buried = (db: Kysely<Schema>, { from, to }: Wanted) =>
  db.selectFrom('tombstones').select('call_id').where('at', '>=', from).where('at', '<', to).orderBy('at').limit(2);

describe.each(DATABASES)('a query that is kept ($name)', ({ fresh }) => {
  it('is built once for a database, and gives what each of its values asks for', async () => {
    const build = vi.fn(buried);
    const query = new KeptQuery(build);
    for (const place of [await fresh(), await fresh()]) {
      const { calls } = await openTestDatabase(place);
      for (const at of [1, 2, 3, 4]) await calls.bury(`call-${at}`, at);
      const { db } = await overheardTables(place);
      const ids = async (from: number, to: number, of = db) =>
        (await query.execute(of, { from, to })).map(({ call_id }) => call_id);
      expect(await ids(1, 3)).toEqual(['call-1', 'call-2']);
      expect(await ids(4, 9)).toEqual(['call-4']);
      await db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('tombstones').where('call_id', '=', 'call-4').execute();
        expect(await ids(2, 9, transaction)).toEqual(['call-2', 'call-3']);
        expect(await ids(4, 9, transaction)).toEqual([]);
      });
    }
    expect(build).toHaveBeenCalledTimes(2);
  });
});

describe('a query that is kept', () => {
  it('does not let what is built once depend on the values of the first time', async () => {
    const [sqlite] = DATABASES;
    const place = await sqlite!.fresh();
    await openTestDatabase(place);
    const { db } = await overheardTables(place);
    const later = new KeptQuery((tables, { from, to }: Wanted) => buried(tables, { from: from + 1, to }));
    await expect(later.execute(db, { from: 1, to: 2 })).rejects.toThrow('the value from of a kept query');
  });
});
