import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openTestDatabase } from '../../support/database.ts';

/** Tests of storage that are of one kind of database only, or of none. */
const OF_ONE_KIND: Readonly<Record<string, string>> = {
  'seal.test.ts': 'seals texts',
  'iso-time.test.ts': 'writes times',
  'contacts/statements.test.ts': "SQLite's choice of indexes",
  'together.test.ts': 'gathers what is asked for',
  'kept-statements.test.ts': "SQLite's own driver",
  'group-commit.test.ts': 'a file that is brought to the disk, and a disk that fails',
  'single-owner.test.ts': 'the claim on a file',
  'single-owner-postgres.test.ts': 'the claim by an advisory lock',
  'database-postgres.test.ts': 'sessions and outages of a server',
};

const FOLDER = 'test/unit/storage';
const tests = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => ({ name, text: readFileSync(`${FOLDER}/${name}`, 'utf8') }));
const onBoth = tests.filter(({ text }) => text.includes('describe.each(DATABASES)'));

describe('the tests of storage', () => {
  it('run on every database, but those that are of one kind', () => {
    const others = tests.filter((test) => !onBoth.includes(test)).map(({ name }) => name);
    expect(others.sort()).toEqual(Object.keys(OF_ONE_KIND).sort());
  });

  it('ask every store on every database', async () => {
    const database = await openTestDatabase();
    const stores = Object.keys(database).filter((name) => name !== 'close');
    const unasked = stores.filter((name) => {
      const used = new RegExp(`\\.${name}\\b|\\{[^}]*\\b${name}\\b[^}]*\\} = `);
      return !onBoth.some(({ text }) => used.test(text));
    });
    expect(unasked).toEqual([]);
  });
});
