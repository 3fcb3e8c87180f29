import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely';
import type { QueryResult as Answer, Pool, PoolClient } from 'pg';
import { ConnectionLost, DatabaseError, OutcomeUnknown } from '../database-error.ts';
import { lockKeys } from './advisory-lock.ts';
import { postgresFault } from './postgres-error.ts';
import { connect, openPool, type PostgresPoolOptions } from './postgres-pool.ts';

/**
 * A transaction begins by waiting for its turn among all processes: what it reads stays true until it has committed, so a
 * rule can be checked before it is kept ("one place left"). `begin immediate` is the same in SQLite, and every write of ours
 * goes through one GroupCommit in any case. With the statements of others it is READ COMMITTED, whatever the role's default.
 */
const BEGIN = `begin isolation level read committed; select pg_advisory_xact_lock(${lockKeys('write')})`;

/** Connections that tell faults as `DatabaseError`, and in a commit whether the outcome is known. */
export class PostgresDriver implements Driver {
  readonly #options: PostgresPoolOptions;
  #pool: Pool | null = null;

  constructor(options: PostgresPoolOptions) {
    this.#options = options;
  }

  async init(): Promise<void> {
    this.#pool = openPool(this.#options);
  }

  async acquireConnection(): Promise<PostgresConnection> {
    return new PostgresConnection(await connect(this.#pool!));
  }

  async beginTransaction(connection: PostgresConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(BEGIN)).catch(async (fault) => {
      // The lock can fail after the `begin`.
      await connection.rollBack();
      throw fault;
    });
  }

  async commitTransaction(connection: PostgresConnection): Promise<void> {
    await connection.commit();
  }

  async rollbackTransaction(connection: PostgresConnection): Promise<void> {
    await connection.rollBack();
  }

  async releaseConnection(connection: PostgresConnection): Promise<void> {
    connection.release();
  }

  async destroy(): Promise<void> {
    await this.#pool?.end();
  }
}

class PostgresConnection implements DatabaseConnection {
  readonly #client: PoolClient;
  #usable = true;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, rowCount, command } = await this.#ask(sql, parameters);
    const changes = command !== 'SELECT' && rowCount !== null && rowCount !== undefined;
    return { rows: rows ?? [], ...(changes && { numAffectedRows: BigInt(rowCount) }) };
  }

  // biome-ignore lint/correctness/useYield: nothing here is read in pieces.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new DatabaseError('PostgreSQL is not read in pieces here');
  }

  async commit(): Promise<void> {
    const { command } = await this.#ask('commit', []).catch((fault: unknown) => {
      throw fault instanceof ConnectionLost ? new OutcomeUnknown(fault.message) : fault;
    });
    // So it answers if a statement failed before and the work went on as if nothing was.
    if (command === 'ROLLBACK') throw new DatabaseError('PostgreSQL rolled back a transaction with a failed statement');
  }

  /** Does not fail: a connection that cannot roll back is closed, and the server rolls back by itself. */
  async rollBack(): Promise<void> {
    if (!this.#usable) return;
    await this.#ask('rollback', []).catch(() => {
      this.#usable = false;
    });
  }

  release(): void {
    this.#client.release(!this.#usable);
  }

  async #ask(sql: string, parameters: readonly unknown[]): Promise<Answer> {
    try {
      return await this.#client.query(sql, parameters.map(storable));
    } catch (error) {
      const fault = postgresFault(error);
      // It may still be waiting for an answer, which would then be taken for that of the next query.
      if (fault instanceof ConnectionLost) this.#usable = false;
      throw fault;
    }
  }
}

/** PostgreSQL cannot keep a NUL in a text, and a stranger's name may have one. */
function storable(parameter: unknown): unknown {
  return typeof parameter === 'string' && parameter.includes('\0') ? parameter.replaceAll('\0', '\u{fffd}') : parameter;
}
