import type { EventType, NewEvent, Webhook } from '../../src/events/ports.ts';
import { GroupCommit } from '../../src/storage/group-commit.ts';
import type { DatabasePlace } from '../../src/storage/index.ts';
import { openTables } from '../../src/storage/open-tables.ts';
import { type OutboxStores, openOutbox } from '../../src/storage/outbox/open-outbox.ts';
import { Sealer } from '../../src/storage/seal.ts';
import { T0 } from './call.ts';
import { MASTER_KEY } from './master-key.ts';

export const PROJECT_ID = 'b6a8c4b0-0000-4000-8000-000000000001';
export const NUMBER_ID = '106540352242922';

export interface TestOutbox extends OutboxStores {
  /** The same rows as a process finds them that starts now. */
  reopen(): Promise<OutboxStores>;
  /** Resolves when nothing waits to be written. */
  idle(): Promise<void>;
  /** In a transaction of its own for each tick, as the other stores do it. */
  emit(event: NewEvent): Promise<void>;
  /** Emits and fails after it, so that nothing of it stays. */
  emitAndFail(event: NewEvent): Promise<void>;
  close(): Promise<void>;
}

/** The outbox over a database, without the other stores. */
export async function openOutboxAt(place: DatabasePlace, masterKey = MASTER_KEY): Promise<TestOutbox> {
  const sealer = new Sealer(masterKey);
  const { db, toDisk } = await openTables(place, sealer);
  const writes = new GroupCommit(db, toDisk);
  const opened = openOutbox(db, writes, sealer);
  // One that does not open leaves nothing behind.
  opened.catch(() => db.destroy());
  let stores = await opened;
  let closing: Promise<void> | null = null;
  return {
    ...stores,
    async reopen() {
      stores = await openOutbox(db, writes, sealer);
      return stores;
    },
    idle: () => writes.idle(),
    emit: (event) => writes.run((transaction) => stores.outbox.emit(transaction, event)),
    emitAndFail: (event) =>
      writes.run(async (transaction) => {
        await stores.outbox.emit(transaction, event);
        throw new Error('what happened could not be written down');
      }),
    close() {
      closing ??= writes.idle().then(() => db.destroy());
      return closing;
    },
  };
}

let made = 0;

/** An event of a call of its own, unless told otherwise. */
export function newEvent(more: Partial<NewEvent> = {}): NewEvent {
  made += 1;
  return {
    projectId: PROJECT_ID,
    phoneNumberId: NUMBER_ID,
    type: 'whatsapp.call.ended',
    orderingKey: `call-${made}`,
    idempotencyKey: `event-${made}`,
    at: T0,
    body: `{"n":${made}}`,
    ...more,
  };
}

export function webhook(more: Partial<Webhook> = {}): Webhook {
  const events: readonly EventType[] = more.kind === 'meta' ? [] : ['whatsapp.call.received', 'whatsapp.call.ended'];
  return {
    id: 'f6d0b1a2-0000-4000-8000-000000000001',
    projectId: PROJECT_ID,
    phoneNumberId: NUMBER_ID,
    kind: 'kapso',
    url: 'https://receiver.test/hook',
    secretKey: 'whsec_dGhlLXNlY3JldC1pbi1jbGVhcg==',
    headers: {},
    events,
    active: true,
    standing: { type: 'ok' },
    createdAt: T0,
    updatedAt: T0,
    ...more,
  };
}
