import {
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
} from 'kysely';
import { PostgresDriver } from './postgres-driver.ts';
import type { PostgresPoolOptions } from './postgres-pool.ts';

/** kysely's PostgreSQL on `pg`, with transactions that take turns as those of SQLite do. */
export class PostgresDialect implements Dialect {
  readonly #options: PostgresPoolOptions;

  constructor(options: PostgresPoolOptions) {
    this.#options = options;
  }

  createDriver(): Driver {
    return new PostgresDriver(this.#options);
  }

  createQueryCompiler(): QueryCompiler {
    return new PostgresQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new TurnTakingAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new PostgresIntrospector(db);
  }
}

class TurnTakingAdapter extends PostgresAdapter {
  override async acquireMigrationLock(_db: Kysely<unknown>): Promise<void> {
    // The turn that a transaction waits for is the lock.
  }

  override async releaseMigrationLock(_db: Kysely<unknown>): Promise<void> {
    // It goes with the transaction.
  }
}
