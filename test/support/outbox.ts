import { onTestFinished } from 'vitest';
import type { DatabasePlace } from '../../src/storage/index.ts';
import { MASTER_KEY } from './master-key.ts';
import { openOutboxAt, type TestOutbox } from './outbox-at.ts';

export { NUMBER_ID, newEvent, PROJECT_ID, type TestOutbox, webhook } from './outbox-at.ts';

/** The outbox over a database, without the other stores, open for the time of the test. */
export async function openTestOutbox(
  place: DatabasePlace = { path: ':memory:' },
  masterKey = MASTER_KEY,
): Promise<TestOutbox> {
  const box = await openOutboxAt(place, masterKey);
  onTestFinished(() => box.close());
  return box;
}
