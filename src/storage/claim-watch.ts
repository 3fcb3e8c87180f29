import type { DatabaseError } from './database-error.ts';

/** Is told of a claim that the process cannot be sure of. Only of PostgreSQL: a file stays locked as long as the process lives. */
export interface ClaimWatch {
  /** The claim went with its connection, or another process has it now. It is asked for again until it is back. */
  onLost?(fault: DatabaseError): void;
  onBack?(): void;
}
