import { DatabaseError as ServerError } from 'pg';
import { ConnectionLost, DatabaseError } from '../database-error.ts';

/** Class 22 (data exceptions) repeats the value in its message. */
const TELLS_DATA = /^22/;
/**
 * Connection exceptions, the end of the server or of the session, too many connections. The last is of a statement that this
 * connection has prepared for a table which has another column by now; the next connection prepares it anew.
 */
const ENDS_CONNECTION = /^(08...|57P0.|25P0[34]|53300|0A000)$/;

/**
 * What `pg` threw, as an error of ours. What the server says of the data (`detail`, `where`) stays behind: it quotes rows,
 * and those hold phone numbers. So does the error itself: a logger would write down all its fields.
 */
export function postgresFault(fault: unknown): DatabaseError {
  if (fault instanceof DatabaseError) return fault;
  if (!(fault instanceof ServerError)) return new ConnectionLost(`PostgreSQL cannot be reached: ${messageOf(fault)}`);
  const code = fault.code ?? 'XX000';
  if (ENDS_CONNECTION.test(code)) return new ConnectionLost(`PostgreSQL cannot be used: ${fault.message}`, { code });
  const said = TELLS_DATA.test(code) ? 'a value does not fit' : fault.message;
  const where = fault.table === undefined ? '' : ` (table ${fault.table})`;
  return new DatabaseError(`PostgreSQL refused, ${code}: ${said}${where}`, { code });
}

function messageOf(fault: unknown): string {
  // Node tells of several addresses that were tried in `errors`, and leaves the message empty.
  if (fault instanceof AggregateError) return fault.errors.map(messageOf).join(', ');
  return fault instanceof Error ? fault.message : String(fault);
}
