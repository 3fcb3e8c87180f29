import { type Kysely, type RawBuilder, sql } from 'kysely';
import { PENDING } from './outbox/queue-statements.ts';
import type { Schema } from './schema.ts';

/** Nothing is counted beyond this: somebody who scrapes metrics must not read millions of rows. */
const MOST = 10_000;

/** What waits in the database, and whether it answers. */
export class Backlogs {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Webhooks that came and are not worked off; 10,000 for that many and more. */
  async webhooks(): Promise<number> {
    return await this.#count(sql`select 1 from webhook_inbox where done_at is null limit ${sql.lit(MOST)}`);
  }

  /** Events that are not delivered yet; 10,000 for that many and more. */
  async deliveries(): Promise<number> {
    return await this.#count(sql`select 1 from webhook_deliveries where status = ${PENDING} limit ${sql.lit(MOST)}`);
  }

  /** Resolves when the database answered; rejects if it cannot be reached. */
  async reach(): Promise<void> {
    await sql`select 1`.execute(this.#db);
  }

  async #count(rows: RawBuilder<unknown>): Promise<number> {
    const { rows: found } = await sql<{
      count: number | string;
    }>`select count(*) as count from (${rows}) as waiting`.execute(this.#db);
    return Number(found[0]?.count);
  }
}
