import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Database, type DatabasePlace, openDatabase } from '../../src/storage/index.ts';
import { MASTER_KEY } from './master-key.ts';

/** A path in a folder that is gone after the test. */
export function temporaryDatabasePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'talkwire-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'talkwire.db');
}

/** Open for the time of the test; in memory unless a place is given. */
export async function openTestDatabase(
  place: DatabasePlace = { path: ':memory:' },
  masterKey = MASTER_KEY,
): Promise<Database> {
  const database = await openDatabase({ ...place, masterKey });
  onTestFinished(() => database.close());
  return database;
}
