import type { CompiledQuery, Kysely } from 'kysely';
import { DatabaseError } from './database-error.ts';
import type { Schema } from './schema.ts';

type Values = Readonly<Record<string, string | number | Uint8Array | null>>;

/** A statement that comes again and again. No other text has its name. */
export interface KeptStatement {
  readonly name: string;
  /** Takes so long to plan that its plan is kept for a while, where it is not one of a transaction. */
  readonly keepsPlan: boolean;
}

type Build<V, Row> = (db: Kysely<Schema>, values: V) => { compile(): CompiledQuery<Row> };
type KeptOptions = { readonly keepsPlan?: boolean };

let made = 0;

/**
 * A query that is built and compiled once for a database, and from then on only given other values: for a long one that
 * takes kysely ten times what SQLite needs to run it. There are only as many as are written down, so a driver may keep them
 * by their names for good.
 */
export class KeptQuery<V extends Values, Row> {
  readonly #build: Build<V, Row>;
  readonly #name = `kept_${++made}`;
  readonly #keepsPlan: boolean;
  readonly #compiled = new WeakMap<object, CompiledQuery<Row>>();

  /**
   * `build` must put the values into the query as they are: it neither looks at them nor calculates with them. A query that
   * `keepsPlan` names its columns, and its limit as a literal.
   */
  constructor(build: Build<V, Row>, { keepsPlan = false }: KeptOptions = {}) {
    this.#build = build;
    this.#keepsPlan = keepsPlan;
  }

  /** Runs it, in the transaction of `db` if that is one. */
  async execute(db: Kysely<Schema>, values: V): Promise<readonly Row[]> {
    const compiled = this.#compiledFor(db, values);
    const parameters = compiled.parameters.map((each) => (each instanceof Slot ? values[each.name] : each));
    const kept = { name: this.#name, keepsPlan: this.#keepsPlan };
    const statement: CompiledQuery<Row> & KeptStatement = { ...compiled, parameters, ...kept };
    return (await db.executeQuery<Row>(statement)).rows;
  }

  #compiledFor(db: Kysely<Schema>, values: V): CompiledQuery<Row> {
    // A transaction has the adapter of its database.
    const { adapter } = db.getExecutor();
    const known = this.#compiled.get(adapter);
    if (known !== undefined) return known;
    const slots = Object.fromEntries(Object.keys(values).map((name) => [name, new Slot(name)]));
    const compiled = this.#build(db, slots as never).compile();
    this.#compiled.set(adapter, compiled);
    return compiled;
  }
}

/** Statements that differ by which values they are given: one is kept for each set of names. There must be few of those. */
export class KeptQueries<V extends Values, Row> {
  readonly #build: Build<V, Row>;
  readonly #options: KeptOptions;
  readonly #kept = new Map<string, KeptQuery<V, Row>>();

  /** The same as of a KeptQuery; `build` may look at which values it is given. */
  constructor(build: Build<V, Row>, options: KeptOptions = {}) {
    this.#build = build;
    this.#options = options;
  }

  /** Runs the one for these values, in the transaction of `db` if that is one. */
  async execute(db: Kysely<Schema>, values: V): Promise<readonly Row[]> {
    const names = Object.keys(values).join();
    const query = this.#kept.get(names) ?? new KeptQuery(this.#build, this.#options);
    this.#kept.set(names, query);
    return await query.execute(db, values);
  }
}

/** Stands for a value while the query is built. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  [Symbol.toPrimitive](): never {
    throw new DatabaseError(`the value ${this.name} of a kept query is used before it is known`);
  }
}
