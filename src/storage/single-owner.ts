import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { cannotOpen, DatabaseError, isBusy } from './database-error.ts';

/**
 * Claims a database file for this process. A second service on the same file would take the live calls of the first for
 * left over, and end them. The claim is a lock of the system on a file beside the database, so it is gone with the process
 * however that ends.
 *
 * @returns a function that gives it up
 * @throws DatabaseError if another process holds it, or if the folder cannot be written
 */
export function claimDatabase(databasePath: string): () => void {
  if (databasePath === ':memory:') return () => {};
  const lock = openLock(databasePath);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (fault) {
    lock.close();
    if (!isBusy(fault)) throw cannotOpen(databasePath, fault);
    const rule = 'each process needs one of its own';
    throw new DatabaseError(`The database ${databasePath} is in use by another talkwire; ${rule}.`);
  }
  return () => lock.close();
}

function openLock(databasePath: string): DatabaseSync {
  try {
    mkdirSync(dirname(resolve(databasePath)), { recursive: true });
    return new DatabaseSync(`${databasePath}.lock`, { timeout: 0 });
  } catch (fault) {
    throw cannotOpen(databasePath, fault);
  }
}
