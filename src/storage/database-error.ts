/** The database cannot be used, or refused a statement. `message` is for the operator, and enough; it holds no data. */
export class DatabaseError extends Error {
  override readonly name: string = 'DatabaseError';
  /** SQLSTATE, if it was PostgreSQL that refused. */
  readonly code: string | null;

  constructor(message: string, options: ErrorOptions & { readonly code?: string } = {}) {
    super(message, options);
    this.code = options.code ?? null;
  }
}

/** The database cannot be reached, or was lost before it was asked to commit: nothing of the work is stored. */
export class ConnectionLost extends DatabaseError {
  override readonly name = 'ConnectionLost';
}

/** The database was lost while it committed: the work may be stored or not. */
export class OutcomeUnknown extends DatabaseError {
  override readonly name = 'OutcomeUnknown';
}

/** True if another process has the file. */
export function isBusy(fault: unknown): boolean {
  const SQLITE_BUSY = 5;
  return fault instanceof Error && 'errcode' in fault && Number(fault.errcode) % 256 === SQLITE_BUSY;
}

/** Names the file and what the system or SQLite said of it. */
export function cannotOpen(path: string, fault: unknown): DatabaseError {
  const why = fault instanceof Error ? fault.message : String(fault);
  return new DatabaseError(`The database ${path} cannot be opened: ${why}`, { cause: fault });
}
