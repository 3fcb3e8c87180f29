/**
 * What every session sets for itself. A role or a database may have switched `synchronous_commit` off; a webhook that was
 * answered 200 could then be lost with the server's power. Set by statements and not at the start of the connection, which
 * poolers refuse.
 */
export function sessionSettings(statementTimeoutMs: number): string {
  return [
    `set statement_timeout = ${statementTimeoutMs}`,
    // A process that stands still in the middle of a transaction holds up every writer.
    `set idle_in_transaction_session_timeout = ${statementTimeoutMs}`,
    "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'",
  ].join('; ');
}
