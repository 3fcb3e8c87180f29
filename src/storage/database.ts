import type { VoiceAgentBook } from '../agents/ports.ts';
import type { ApiKeyBook, CallQueries, ProjectBook } from '../calls-api/ports.ts';
import type { PermissionBook } from '../permissions/ports.ts';
import type { CallLog, DebtBook, Retained } from '../runtime/ports.ts';
import type { ArtifactSink, Inbox, WebhookForwarder } from '../signaling/ports.ts';
import { ApiKeyStore } from './api-keys.ts';
import { Backlogs } from './backlogs.ts';
import { CallArtifacts } from './call-artifacts.ts';
import { SqlCallLog } from './call-log.ts';
import { type ContactStores, contactStores } from './contacts/contact-stores.ts';
import type { DatabasePlace } from './database-place.ts';
import { SqlDebtBook } from './debts.ts';
import { GroupCommit } from './group-commit.ts';
import { SqlInbox } from './inbox.ts';
import { MetaForwarder } from './meta-forwarder.ts';
import { NumberStates } from './number-states.ts';
import { NumberStore } from './numbers.ts';
import { openTables } from './open-tables.ts';
import { type OutboxStores, openOutbox } from './outbox/open-outbox.ts';
import { keepOutbox } from './outbox/outbox-of.ts';
import { SqlPermissionBook } from './permission-book/sql-permission-book.ts';
import { ProjectStore } from './projects.ts';
import { SqlRetained } from './retention/retained.ts';
import { Sealer } from './seal.ts';
import { VoiceAgentStore } from './voice-agents.ts';

export type DatabaseOptions = DatabasePlace & {
  /** 32 bytes. */
  readonly masterKey: Buffer;
};

export interface Database extends OutboxStores, ContactStores {
  readonly inbox: Inbox;
  readonly calls: CallLog & CallQueries;
  readonly debts: DebtBook;
  readonly numbers: NumberStore;
  /** What Meta says of them. */
  readonly numberStates: NumberStates;
  /** Where word goes of recordings and transcripts that are ready. */
  readonly artifacts: ArtifactSink;
  readonly forwarder: WebhookForwarder;
  readonly agents: VoiceAgentBook;
  readonly permissions: PermissionBook;
  readonly projects: ProjectBook;
  readonly apiKeys: ApiKeyBook;
  readonly backlogs: Backlogs;
  readonly retained: Retained;
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
  const { db, toDisk } = await openTables(options, sealer);
  try {
    const writes = new GroupCommit(db, toDisk);
    const projects = await ProjectStore.load(db, writes);
    const outbox = await openOutbox(db, writes, sealer);
    keepOutbox(db, outbox.outbox);
    const numbers = await NumberStore.load(db, writes, sealer);
    return {
      ...outbox,
      ...contactStores(db, writes, numbers),
      inbox: new SqlInbox(db, writes),
      calls: new SqlCallLog(db, writes),
      debts: new SqlDebtBook(db, writes),
      numbers,
      artifacts: new CallArtifacts(writes),
      forwarder: new MetaForwarder(writes, outbox.outbox, numbers),
      numberStates: new NumberStates(db, writes),
      agents: await VoiceAgentStore.load(db, writes, sealer),
      permissions: new SqlPermissionBook(db, writes),
      projects,
      backlogs: new Backlogs(db),
      retained: new SqlRetained(db, writes),
      apiKeys: await ApiKeyStore.load(db, writes, projects),
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
