import { type ColumnBuilderCallback, type Kysely, PostgresAdapter } from 'kysely';

export interface ColumnTypes {
  /** Of a key that the database counts up, with `countUp`. */
  readonly counter: 'integer' | 'bigint';
  /** A primary key that gets the next number by itself; a number is never given twice. */
  readonly countUp: ColumnBuilderCallback;
  readonly bytes: 'blob' | 'bytea';
}

/** The column types that SQLite and PostgreSQL name differently. All others are the same in both. */
export function columnTypes<T>(db: Kysely<T>): ColumnTypes {
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
  return isPostgres ? POSTGRES : SQLITE;
}

const SQLITE: ColumnTypes = {
  counter: 'integer',
  countUp: (column) => column.primaryKey().autoIncrement(),
  bytes: 'blob',
};

const POSTGRES: ColumnTypes = {
  counter: 'bigint',
  countUp: (column) => column.primaryKey().generatedAlwaysAsIdentity(),
  bytes: 'bytea',
};
