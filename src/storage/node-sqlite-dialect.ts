import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';

/** What the dialect needs of a `DatabaseSync`. */
export type SqliteConnection = Pick<DatabaseSync, 'prepare' | 'close'>;

/** kysely's SQLite dialect on Node's own `node:sqlite`. Takes the ownership of `database` and closes it. */
export class NodeSqliteDialect extends SqliteDialect implements Dialect {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteConnection) {
    const adapted = adapt(database);
    super({ database: adapted });
    this.#database = adapted;
  }

  override createAdapter(): DialectAdapter {
    return new TransactionalDdlAdapter();
  }

  override createDriver(): Driver {
    return new ImmediateDriver({ database: this.#database });
  }
}

/** SQLite can roll DDL back; kysely does not say so because its migrator would begin a deferred transaction. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  override async acquireMigrationLock(_db: Kysely<unknown>): Promise<void> {
    // `begin immediate` is the lock.
  }
}

/** A deferred transaction that reads and then writes fails at once, without waiting, if another process wrote between. */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

/** More than the service has statements. Those that are made for a list of any length must not pile up. */
const KEPT_STATEMENTS = 300;

/** To prepare a statement takes SQLite longer than to run most of ours. kysely runs each to its end before the next. */
function adapt(database: SqliteConnection): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = kept.get(sql);
      const statement = known ?? adaptStatement(database.prepare(sql));
      // A map keeps the order in which its keys were set, so its first is the one not used for longest.
      const [oldest = ''] = kept.keys();
      kept.delete(known === undefined && kept.size === KEPT_STATEMENTS ? oldest : sql);
      kept.set(sql, statement);
      return statement;
    },
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  // Rows come as arrays and are made objects here: node's own are dictionaries, slow to make and to read.
  statement.setReturnArrays(true);
  let names = namesOf(statement);
  let toObject = objectWith(names);
  const toRow = (values: readonly unknown[]) => {
    // After a migration a `select *` has more columns than when it was prepared.
    if (values.length !== names.length) {
      names = namesOf(statement);
      toObject = objectWith(names);
    }
    return toObject(values);
  };
  return {
    reader: names.length > 0,
    all: (parameters) => (statement.all(...bindable(parameters)) as unknown as unknown[][]).map(toRow),
    run: (parameters) => statement.run(...bindable(parameters)),
    *iterate(parameters) {
      for (const values of statement.iterate(...bindable(parameters))) yield toRow(values as unknown as unknown[]);
    },
  };
}

function namesOf(statement: StatementSync): readonly string[] {
  return statement.columns().map(({ name }) => name);
}

/** As code, an object of thirty columns is made in a thirtieth of the time that setting each by its name takes. */
function objectWith(names: readonly string[]): (values: readonly unknown[]) => Record<string, unknown> {
  const fields = names.map((name, place) => `${JSON.stringify(name)}: values[${place}]`);
  return new Function('values', `return { ${fields.join(', ')} };`) as ReturnType<typeof objectWith>;
}

function bindable(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[];
}
