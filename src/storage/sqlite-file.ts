import { closeSync, fdatasync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { cannotOpen, isBusy } from './database-error.ts';

const syncData = promisify(fdatasync);

/** How long a process waits for another that writes, milliseconds. It blocks the event loop, so it is not long. */
const BUSY_TIMEOUT_MS = 5_000;

const CACHE_KB = 32 * 1_024;

/** A SQLite file in WAL mode. */
export class SqliteFile {
  readonly #database: DatabaseSync;
  /** Where SQLite appends what is committed; null in memory. */
  readonly #log: string | null;
  #descriptor: number | null = null;

  private constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    // SQLite has it beside the file itself, also if `path` is a link to that.
    this.#log = path === ':memory:' ? null : `${realpathSync(path)}-wal`;
  }

  /**
   * Opens a file, whose folder is made if it is missing.
   *
   * @throws DatabaseError
   */
  static async open(path: string): Promise<SqliteFile> {
    try {
      return new SqliteFile(await openInWalMode(path), path);
    } catch (fault) {
      throw cannotOpen(path, fault);
    }
  }

  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }

  /**
   * Resolves when every commit before is on the disk: till then it is only safe from the end of this process. The event loop
   * goes on meanwhile. Rejects with the system's error, and then nobody knows what is on the disk.
   */
  async toDisk(): Promise<void> {
    if (this.#log === null) return;
    // It is there from the first commit until the last connection closes.
    this.#descriptor ??= openSync(this.#log, 'r+');
    await syncData(this.#descriptor);
  }

  close(): void {
    this.#database.close();
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

async function openInWalMode(path: string): Promise<DatabaseSync> {
  if (path !== ':memory:') mkdirSync(dirname(resolve(path)), { recursive: true });
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    await useWriteAheadLog(database);
    // With FULL each commit would wait for the disk, and the event loop with it: `toDisk` does what that does. What keeps the
    // file whole, a log that begins anew and both files around a checkpoint, is synced by NORMAL as well.
    database.exec('PRAGMA synchronous = NORMAL');
    // By default 2 MB are kept in memory, and the upper pages of the indexes of a long log are more.
    database.exec(`PRAGMA cache_size = ${-CACHE_KB}`);
    // What a statement sorts, or may have to take back, would have a file of its own, made and removed for each.
    database.exec('PRAGMA temp_store = MEMORY');
    return database;
  } catch (fault) {
    database.close();
    throw fault;
  }
}

/** The switch to WAL needs the file alone and does not heed the busy timeout, so two processes that start at once collide. */
async function useWriteAheadLog(database: DatabaseSync): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (fault) {
      if (attempt === 50 || !isBusy(fault)) throw fault;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
}
