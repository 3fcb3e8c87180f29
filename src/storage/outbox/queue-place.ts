import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';
import { PENDING } from './queue-statements.ts';

/** Counts the places in the queues. One process holds the database, and its works run one after another. */
export class QueuePlaces {
  #last: number;

  private constructor(last: number) {
    this.#last = last;
  }

  static async load(db: Kysely<Schema>): Promise<QueuePlaces> {
    const row = await db
      .selectFrom('webhook_deliveries')
      .select(({ fn }) => fn.max<number | null>('place').as('last'))
      // Those that are finished have no place any more.
      .where('status', '=', PENDING)
      .executeTakeFirst();
    return new QueuePlaces(row?.last ?? 0);
  }

  next(): number {
    this.#last += 1;
    return this.#last;
  }
}
