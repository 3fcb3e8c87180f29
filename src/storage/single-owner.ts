import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ClaimWatch } from './claim-watch.ts';
import { cannotOpen, DatabaseError, isBusy } from './database-error.ts';
import type { DatabasePlace } from './database-place.ts';
import { claimPostgres } from './postgres/postgres-claim.ts';

/**
 * Claims a database for this process. A second service on the same one would take the live calls of the first for left over,
 * and end them. With a file the claim is a lock of the system on a file beside it, with PostgreSQL a lock of a session: both
 * are gone with the process however that ends.
 *
 * @returns a function that gives it up
 * @throws DatabaseError if another process holds it, or if the folder cannot be written or the server not be reached
 */
export async function claimDatabase(place: DatabasePlace, watch: ClaimWatch = {}): Promise<() => Promise<void>> {
  if ('url' in place) return await claimPostgres(place.url, watch);
  const lock = place.path === ':memory:' ? null : lockFile(place.path);
  return async () => lock?.close();
}

function lockFile(databasePath: string): DatabaseSync {
  const lock = openLock(databasePath);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (fault) {
    lock.close();
    if (!isBusy(fault)) throw cannotOpen(databasePath, fault);
    const rule = 'each process needs one of its own';
    throw new DatabaseError(`The database ${databasePath} is in use by another talkwire; ${rule}.`);
  }
  return lock;
}

function openLock(databasePath: string): DatabaseSync {
  try {
    mkdirSync(dirname(resolve(databasePath)), { recursive: true });
    return new DatabaseSync(`${databasePath}.lock`, { timeout: 0 });
  } catch (fault) {
    throw cannotOpen(databasePath, fault);
  }
}
