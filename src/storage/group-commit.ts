import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { ConnectionLost, DatabaseError, OutcomeUnknown } from './database-error.ts';
import type { Schema } from './schema.ts';

type Work<T> = (db: Kysely<Schema>) => Promise<T>;

interface Entry {
  /** Does the work; what it returns tells the one who asked, and is called after the commit. */
  readonly perform: (db: Kysely<Schema>) => Promise<() => void>;
  readonly reject: (fault: unknown) => void;
}

/** Bounds how long one transaction keeps the event loop and the write lock. */
const MAX_BATCH = 256;
/**
 * Before each new attempt at a transaction of which nothing was stored: a connection that was closed, or two that waited for
 * each other. A server that restarts is back within seconds; what takes longer must fail, for Meta waits about 20 s for the
 * answer to a webhook (meta-calling.md §3.2) and repeats it after an error.
 */
const WAITS_MS = [25, 50, 100, 200, 400, 800, 800, 800, 800];
const LAST_ATTEMPT_AFTER_MS = 4_000;

/**
 * Runs writes in the order they were asked for, all of one tick in one transaction: a commit costs an fsync, and many
 * webhooks and timeline lines arrive together. A promise resolves when its work is on the disk. A work that fails does
 * not harm the others: the batch is rolled back and each is run again by itself, so a work must only touch the database.
 * Without the database all of a batch fail, with ConnectionLost; with OutcomeUnknown if that was in the commit itself, and
 * then nothing is tried again.
 */
export class GroupCommit {
  readonly #db: Kysely<Schema>;
  readonly #toDisk: () => Promise<void>;
  #waiting: Entry[] = [];
  #flushing: Promise<void> | null = null;
  #underWay: Promise<void> = Promise.resolve();

  /** `toDisk` resolves when what was committed before is on the disk, for a database whose commits do not wait for that. */
  constructor(db: Kysely<Schema>, toDisk: () => Promise<void> = async () => {}) {
    this.#db = db;
    this.#toDisk = toDisk;
  }

  run<T>(work: Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const perform = async (db: Kysely<Schema>) => {
        const value = await work(db);
        return () => resolve(value);
      };
      this.#waiting.push({ perform, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when nothing waits to be written. */
  async idle(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing;
  }

  /** Resolves when what is being written now is written, or could not be: for a work that wants to tell of itself. */
  settled(): Promise<void> {
    return this.#underWay;
  }

  async #flush(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      this.#waiting = this.#waiting.slice(MAX_BATCH);
      this.#underWay = this.#commit(batch);
      await this.#underWay;
    }
    this.#flushing = null;
  }

  async #commit(batch: readonly Entry[]): Promise<void> {
    try {
      const committed = await this.#patiently(() => this.#transact(batch));
      await this.#sync();
      for (const tell of committed) tell();
    } catch (fault) {
      const isOfAll = fault instanceof ConnectionLost || fault instanceof OutcomeUnknown;
      if (isOfAll || batch.length === 1) for (const entry of batch) entry.reject(fault);
      else for (const entry of batch) await this.#commit([entry]);
    }
  }

  async #transact(batch: readonly Entry[]): Promise<(() => void)[]> {
    return await this.#db.transaction().execute(async (transaction) => {
      const done: (() => void)[] = [];
      for (const entry of batch) done.push(await entry.perform(transaction));
      return done;
    });
  }

  async #sync(): Promise<void> {
    try {
      await this.#toDisk();
    } catch (fault) {
      throw new OutcomeUnknown('The disk failed while the database was written to it', { cause: fault });
    }
  }

  async #patiently<T>(transact: () => Promise<T>): Promise<T> {
    const began = performance.now();
    for (const waitMs of WAITS_MS) {
      try {
        return await transact();
      } catch (fault) {
        if (!mayPass(fault) || performance.now() - began > LAST_ATTEMPT_AFTER_MS) throw fault;
        await sleep(waitMs);
      }
    }
    return await transact();
  }
}

/** Nothing was stored, and it may be otherwise in a moment. */
function mayPass(fault: unknown): boolean {
  const [SERIALIZATION_FAILURE, DEADLOCK] = ['40001', '40P01'];
  if (fault instanceof ConnectionLost) return true;
  return fault instanceof DatabaseError && (fault.code === SERIALIZATION_FAILURE || fault.code === DEADLOCK);
}
