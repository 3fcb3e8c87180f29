import { writeSync } from 'node:fs';
import { openDatabase } from '../../src/storage/index.ts';
import { MASTER_KEY } from './master-key.ts';

/** A process of its own, to be killed: stores `count` webhooks and prints each delivery key once it is stored. */
const [place = '{}', count = '1'] = process.argv.slice(2);
const database = await openDatabase({ ...JSON.parse(place), masterKey: MASTER_KEY });
for (let index = 0; index < Number(count); index++) {
  const deliveryKey = `${process.pid}-${index}`;
  await database.inbox.store({ receivedAt: index, source: 'meta', deliveryKey, body: Buffer.from('{}') });
  writeSync(1, `${deliveryKey}\n`);
}
await database.close();
