/** The database cannot be used. `message` is for the operator, and enough. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
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
