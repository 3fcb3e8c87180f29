import { SqlCallLog } from '../../src/storage/call-log.ts';
import { SqlDebtBook } from '../../src/storage/debts.ts';
import { SqlInbox } from '../../src/storage/inbox.ts';
import { SqlPermissionBook } from '../../src/storage/permission-book/sql-permission-book.ts';

/** A place of the service's code: a write to the database, counted from its start. */
export interface CrashPoint {
  readonly of: 'permissions' | 'calls' | 'debts' | 'inbox';
  readonly write: string;
  /** From 1. */
  readonly nth: number;
  /** Before anything is written, or when it is on the disk and nobody was told. */
  readonly when: 'before' | 'after';
}

/** Writes that lie between what Graph does and what we know of it, and how often one is chosen. */
export const CRASH_WRITES: readonly (Pick<CrashPoint, 'of' | 'write'> & { readonly weight: number })[] = [
  { of: 'permissions', write: 'remember', weight: 2 },
  { of: 'permissions', write: 'reserve', weight: 8 },
  { of: 'permissions', write: 'requestSent', weight: 5 },
  { of: 'permissions', write: 'granted', weight: 4 },
  { of: 'permissions', write: 'reserveRequest', weight: 1 },
  { of: 'permissions', write: 'named', weight: 4 },
  { of: 'permissions', write: 'giveUp', weight: 2 },
  { of: 'calls', write: 'update', weight: 6 },
  { of: 'calls', write: 'append', weight: 6 },
  { of: 'debts', write: 'owe', weight: 3 },
  { of: 'debts', write: 'settle', weight: 3 },
  { of: 'inbox', write: 'store', weight: 3 },
  { of: 'inbox', write: 'done', weight: 4 },
];

/** Has this process killed at the point, as `kill -9` does. What was written before does not count. */
export function armCrash({ of, write, nth, when }: CrashPoint): void {
  const book = BOOKS[of].prototype as unknown as Record<string, Write>;
  const original = book[write];
  if (original === undefined) throw new Error(`there is no write ${of}.${write}`);
  let count = 0;
  book[write] = async function (this: unknown, ...given: unknown[]) {
    count += 1;
    const here = count === nth;
    if (here && when === 'before') die();
    const written = await original.apply(this, given);
    if (here) die();
    return written;
  };
}

type Write = (...given: unknown[]) => Promise<unknown>;

const BOOKS = { permissions: SqlPermissionBook, calls: SqlCallLog, debts: SqlDebtBook, inbox: SqlInbox };

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
