/** Where a database is. */
export type DatabasePlace =
  /** A SQLite file, whose folder is made if it is missing, or `:memory:`. */
  | { readonly path: string }
  /** A PostgreSQL database, `postgres://user:password@host:5432/name`. Holds a secret: never log it whole. */
  | { readonly url: string };
