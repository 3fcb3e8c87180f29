import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/storage/index.ts';
import { openTestDatabase, temporaryDatabasePath } from '../../support/database.ts';
import { DATABASES, rowsIn } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

describe('a database in a file', () => {
  it('makes its folder, and leaves one file when it is closed', async () => {
    const path = join(dirname(temporaryDatabasePath()), 'deep', 'er', 'talkwire.db');
    const database = await openDatabase({ path, masterKey: MASTER_KEY });
    await database.inbox.store({ receivedAt: 1, source: 'meta', deliveryKey: 'a', body: Buffer.from('{}') });
    expect(existsSync(`${path}-wal`)).toBe(true);
    await database.close();
    expect(existsSync(path)).toBe(true);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  it('refuses a file that is no database', async () => {
    const path = temporaryDatabasePath();
    writeFileSync(path, 'this is not a database, by far not, and long enough to be looked at'.repeat(20));
    await expect(openDatabase({ path, masterKey: MASTER_KEY })).rejects.toThrow(/not a database/);
  });
});

describe.each(DATABASES)('database ($name)', ({ fresh }) => {
  it('opens again with everything in place', async () => {
    const place = await fresh();
    for (const round of [1, 2, 3]) {
      const database = await openDatabase({ ...place, masterKey: MASTER_KEY });
      await database.calls.bury(`wacid.${round}`, round);
      expect(await database.calls.buried('wacid.1')).toBe(true);
      await database.close();
    }
  });

  it('does not touch a database that a newer version has migrated, and says so', async () => {
    const place = await fresh();
    await (await openDatabase({ ...place, masterKey: MASTER_KEY })).close();
    const future = "insert into kysely_migration (name, timestamp) values ('9999-future', '2030-01-01T00:00:00.000Z')";
    await rowsIn(place, future);
    await expect(openDatabase({ ...place, masterKey: MASTER_KEY })).rejects.toThrow(/newer version of talkwire/);
  });

  it('waits for another process that writes', async () => {
    const place = await fresh();
    const first = await openTestDatabase(place);
    const second = await openTestDatabase(place);
    const writes = Array.from({ length: 50 }, (_, index) =>
      (index % 2 === 0 ? first : second).calls.bury(`${index}`, 1),
    );
    await Promise.all(writes);
    expect(await first.calls.buried('49')).toBe(true);
    expect(await second.calls.buried('48')).toBe(true);
  });
});
