import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../../src/storage/index.ts';
import { DATABASES, rowsIn } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

describe.each(DATABASES)('what waits in $name', ({ fresh }) => {
  async function open() {
    const place = await fresh();
    const database = await openDatabase({ ...place, masterKey: MASTER_KEY });
    onTestFinished(() => database.close());
    return { place, database };
  }

  it('is counted: webhooks that are not worked off', async () => {
    const { database } = await open();
    const store = (deliveryKey: string) =>
      database.inbox.store({ receivedAt: 1, source: 'meta', deliveryKey, body: Buffer.from('{}') });
    const [first] = await Promise.all(['a', 'b', 'c'].map(store));
    expect(await database.backlogs.webhooks()).toBe(3);
    await database.inbox.done(first!, 2, { outcome: 'done', keepBody: false });
    expect(await database.backlogs.webhooks()).toBe(2);
    expect(await database.backlogs.deliveries()).toBe(0);
  });

  it('is counted no further than 10,000', async () => {
    const { place, database } = await open();
    const rows = Array.from({ length: 10_050 }, (_, n) => `(1, 'meta', 'key ${n}', '')`).join(', ');
    await rowsIn(place, `insert into webhook_inbox (received_at, source, delivery_key, body) values ${rows}`);
    expect(await database.backlogs.webhooks()).toBe(10_000);
  });

  it('is reached while the database is open', async () => {
    const { database } = await open();
    await expect(database.backlogs.reach()).resolves.toBeUndefined();
  });
});
