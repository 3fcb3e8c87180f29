import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Claims a database file for this process. A second service on the same file would take the live calls of the first for
 * left over, and end them. The claim is a lock of the system on a file beside the database, so it is gone with the process
 * however that ends.
 *
 * @returns a function that gives it up
 * @throws Error if another process holds it
 */
export function claimDatabase(databasePath: string): () => void {
  if (databasePath === ':memory:') return () => {};
  mkdirSync(dirname(resolve(databasePath)), { recursive: true });
  const lock = new DatabaseSync(`${databasePath}.lock`, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    throw new Error(`The database ${databasePath} is in use by another talkwire; each process needs one of its own.`);
  }
  return () => lock.close();
}
