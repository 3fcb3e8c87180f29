import type { Kysely } from 'kysely';
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
 * Runs writes in the order they were asked for, all of one tick in one transaction: a commit costs an fsync, and many
 * webhooks and timeline lines arrive together. A promise resolves when its work is on the disk. A work that fails does
 * not harm the others: the batch is rolled back and each is run again by itself, so a work must only touch the database.
 */
export class GroupCommit {
  readonly #db: Kysely<Schema>;
  #waiting: Entry[] = [];
  #flushing: Promise<void> | null = null;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
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

  async #flush(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      this.#waiting = this.#waiting.slice(MAX_BATCH);
      await this.#commit(batch);
    }
    this.#flushing = null;
  }

  async #commit(batch: readonly Entry[]): Promise<void> {
    try {
      const committed = await this.#db.transaction().execute(async (transaction) => {
        const done: (() => void)[] = [];
        for (const entry of batch) done.push(await entry.perform(transaction));
        return done;
      });
      for (const tell of committed) tell();
    } catch (fault) {
      if (batch.length === 1) batch[0]!.reject(fault);
      else for (const entry of batch) await this.#commit([entry]);
    }
  }
}
