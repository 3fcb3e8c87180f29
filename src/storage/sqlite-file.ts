import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { cannotOpen, isBusy } from './database-error.ts';

/** How long a process waits for another that writes, milliseconds. It blocks the event loop, so it is not long. */
const BUSY_TIMEOUT_MS = 5_000;

const CACHE_KB = 32 * 1_024;

/**
 * Opens a SQLite file, whose folder is made if it is missing, so that a commit is on the disk.
 *
 * @throws DatabaseError
 */
export async function openSqliteFile(path: string): Promise<DatabaseSync> {
  try {
    return await openDurably(path);
  } catch (fault) {
    throw cannotOpen(path, fault);
  }
}

async function openDurably(path: string): Promise<DatabaseSync> {
  if (path !== ':memory:') mkdirSync(dirname(resolve(path)), { recursive: true });
  const file = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    await useWriteAheadLog(file);
    // In WAL mode only FULL syncs at every commit; with NORMAL a webhook that was answered 200 could be lost with the power.
    file.exec('PRAGMA synchronous = FULL');
    // By default 2 MB are kept in memory, and the upper pages of the indexes of a long log are more.
    file.exec(`PRAGMA cache_size = ${-CACHE_KB}`);
    return file;
  } catch (fault) {
    file.close();
    throw fault;
  }
}

/** The switch to WAL needs the file alone and does not heed the busy timeout, so two processes that start at once collide. */
async function useWriteAheadLog(file: DatabaseSync): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      file.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (fault) {
      if (attempt === 50 || !isBusy(fault)) throw fault;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
}
