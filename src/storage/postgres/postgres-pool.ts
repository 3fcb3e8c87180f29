import { Pool, type PoolClient, types } from 'pg';
import { postgresFault } from './postgres-error.ts';
import { sessionSettings } from './session-settings.ts';

export interface PostgresPoolOptions {
  readonly url: string;
  /** How long one statement may take, the wait for its locks included, milliseconds; 0 for no limit. */
  readonly statementTimeoutMs: number;
}

/** One writes at a time (GroupCommit); the others read. PostgreSQL allows 100 connections by default, to all its users. */
const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_MS = 30_000;
/** When the server does not answer at all, its own limit does not help: this much later the connection is given up. */
const SILENCE_MS = 5_000;

/** Connections to one PostgreSQL database, opened as they are needed. */
export function openPool({ url, statementTimeoutMs }: PostgresPoolOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: 'talkwire',
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    ...(statementTimeoutMs > 0 && { query_timeout: statementTimeoutMs + SILENCE_MS }),
    types: { getTypeParser },
    // pg waits for the promise; its types do not say so.
    onConnect: (client) => client.query(sessionSettings(statementTimeoutMs)) as unknown as undefined,
  });
  // A lost connection fails the queries on it, which tell; the event would end the process if nobody listened.
  const heard = () => {};
  pool.on('error', heard);
  pool.on('connect', (client) => client.on('error', heard));
  return pool;
}

/** @throws ConnectionLost */
export async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (fault) {
    throw postgresFault(fault);
  }
}

const INT8 = 20;
const NUMERIC = 1700;

/** Times are 64-bit integers, and sums of them are numeric: both are numbers here, as with SQLite. Only for this pool. */
const getTypeParser: typeof types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === INT8 || oid === NUMERIC ? Number : types.getTypeParser(oid, format as 'text');
