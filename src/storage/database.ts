import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import type { VoiceAgentBook } from '../agents/ports.ts';
import type { CallQueries } from '../calls-api/ports.ts';
import type { CallLog, DebtBook } from '../runtime/ports.ts';
import type { Inbox } from '../signaling/ports.ts';
import { SqlCallLog } from './call-log.ts';
import { cannotOpen, isBusy } from './database-error.ts';
import { SqlDebtBook } from './debts.ts';
import { GroupCommit } from './group-commit.ts';
import { SqlInbox } from './inbox.ts';
import { runMigrations } from './migrations/run-migrations.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import { NumberStore } from './numbers.ts';
import type { Schema } from './schema.ts';
import { Sealer } from './seal.ts';
import { VoiceAgentStore } from './voice-agents.ts';

export interface DatabaseOptions {
  /** A file, whose folder is made if it is missing, or `:memory:`. */
  readonly path: string;
  /** 32 bytes. */
  readonly masterKey: Buffer;
}

export interface Database {
  readonly inbox: Inbox;
  readonly calls: CallLog & CallQueries;
  readonly debts: DebtBook;
  readonly numbers: NumberStore;
  readonly agents: VoiceAgentBook;
  /** Writes what was asked for before, then lets go of the file. */
  close(): Promise<void>;
}

/** How long a process waits for another that writes, milliseconds. It blocks the event loop, so it is not long. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens the database and brings it to this version's tables.
 *
 * @throws DatabaseError if the file cannot be opened or migrated; SealError if its secrets belong to another master key
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const sealer = new Sealer(options.masterKey);
  const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(await openFile(options.path)) });
  try {
    await runMigrations(db, sealer);
    const writes = new GroupCommit(db);
    return {
      inbox: new SqlInbox(db, writes),
      calls: new SqlCallLog(db, writes),
      debts: new SqlDebtBook(db, writes),
      numbers: await NumberStore.load(db, writes, sealer),
      agents: await VoiceAgentStore.load(db, writes, sealer),
      async close() {
        await writes.idle();
        await db.destroy();
      },
    };
  } catch (fault) {
    await db.destroy();
    throw fault;
  }
}

async function openFile(path: string): Promise<DatabaseSync> {
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
