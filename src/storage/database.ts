import type { VoiceAgentBook } from '../agents/ports.ts';
import type { CallQueries } from '../calls-api/ports.ts';
import type { PermissionBook } from '../permissions/ports.ts';
import type { CallLog, DebtBook } from '../runtime/ports.ts';
import type { Inbox } from '../signaling/ports.ts';
import { SqlCallLog } from './call-log.ts';
import type { DatabasePlace } from './database-place.ts';
import { SqlDebtBook } from './debts.ts';
import { GroupCommit } from './group-commit.ts';
import { SqlInbox } from './inbox.ts';
import { NumberStore } from './numbers.ts';
import { openTables } from './open-tables.ts';
import { SqlPermissionBook } from './permission-book/sql-permission-book.ts';
import { Sealer } from './seal.ts';
import { VoiceAgentStore } from './voice-agents.ts';

export type DatabaseOptions = DatabasePlace & {
  /** 32 bytes. */
  readonly masterKey: Buffer;
};

export interface Database {
  readonly inbox: Inbox;
  readonly calls: CallLog & CallQueries;
  readonly debts: DebtBook;
  readonly numbers: NumberStore;
  readonly agents: VoiceAgentBook;
  readonly permissions: PermissionBook;
  /** Writes what was asked for before, then lets go of the file or the connections. */
  close(): Promise<void>;
}

/**
 * Opens the database and brings it to this version's tables.
 *
 * @throws DatabaseError if it cannot be opened or migrated; SealError if its secrets belong to another master key
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const sealer = new Sealer(options.masterKey);
  const db = await openTables(options, sealer);
  try {
    const writes = new GroupCommit(db);
    return {
      inbox: new SqlInbox(db, writes),
      calls: new SqlCallLog(db, writes),
      debts: new SqlDebtBook(db, writes),
      numbers: await NumberStore.load(db, writes, sealer),
      agents: await VoiceAgentStore.load(db, writes, sealer),
      permissions: new SqlPermissionBook(db, writes),
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
