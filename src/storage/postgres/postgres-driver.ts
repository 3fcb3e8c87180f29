import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import type { QueryResult as Answer, Pool, PoolClient } from 'pg';
import { ConnectionLost, DatabaseError, OutcomeUnknown } from '../database-error.ts';
import type { KeptStatement } from '../kept-query.ts';
import { lockKeys } from './advisory-lock.ts';
import { postgresFault } from './postgres-error.ts';
import { connect, openPool, type PostgresPoolOptions } from './postgres-pool.ts';

/**
 * A transaction begins by waiting for its turn among all processes: what it reads stays true until it has committed, so a
 * rule can be checked before it is kept ("one place left"). `begin immediate` is the same in SQLite, and every write of ours
 * goes through one GroupCommit in any case. With the statements of others it is READ COMMITTED, whatever the role's default.
 *
 * To plan the longest of our statements takes PostgreSQL longer than to run it. What a batch of works asks again and again is
 * therefore prepared; its plan is given up with the batch, for one that was made while a table was empty must not be kept.
 */
const BEGIN = `begin isolation level read committed; discard plans; select pg_advisory_xact_lock(${lockKeys('write')})`;

/**
 * A plan that is kept outside of transactions (kept-query.ts) goes after this long, for the same reason. The server makes plans
 * anew by itself when it has looked at a table, which it does within a minute of much that is new in it.
 */
const PLANS_KEPT_MS = 60_000;
const plannedSince = new WeakMap<PoolClient, number>();

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
    await connection.begin();
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
  #inTransaction = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async executeQuery<R>(query: CompiledQuery & Partial<KeptStatement>): Promise<QueryResult<R>> {
    const { sql, parameters, name, keepsPlan = false } = query;
    if (keepsPlan && !this.#inTransaction) await this.#dropOldPlans();
    const prepared = this.#inTransaction || keepsPlan;
    const { rows, rowCount, command } = await this.#ask(sql, parameters, prepared ? name : undefined);
    const changes = command !== 'SELECT' && rowCount !== null && rowCount !== undefined;
    return { rows: rows ?? [], ...(changes && { numAffectedRows: BigInt(rowCount) }) };
  }

  // biome-ignore lint/correctness/useYield: nothing here is read in pieces.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new DatabaseError('PostgreSQL is not read in pieces here');
  }

  async begin(): Promise<void> {
    await this.#ask(BEGIN, []).catch(async (fault) => {
      // The lock can fail after the `begin`.
      await this.rollBack();
      throw fault;
    });
    this.#inTransaction = true;
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

  async #dropOldPlans(): Promise<void> {
    const now = performance.now();
    const since = plannedSince.get(this.#client);
    if (since === undefined || now - since < PLANS_KEPT_MS) {
      plannedSince.set(this.#client, since ?? now);
      return;
    }
    plannedSince.set(this.#client, now);
    await this.#ask('discard plans', []);
  }

  /** `name`: the connection prepares the statement when it has that for the first time. */
  async #ask(text: string, parameters: readonly unknown[], name?: string): Promise<Answer> {
    try {
      return await this.#client.query({ text, values: parameters.map(storable), ...(name !== undefined && { name }) });
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
