import { type BrokenSocket, broken, type SocketEnd } from '../../net/socket-end.ts';

const KEY_REFUSED = new Set(['invalid_api_key', 'authentication_error', 'permission_error', 'unauthorized']);
/** Codes after which a session is of no use; what else goes wrong, a session survives. */
const OUT_OF_USE = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'model_not_found',
  'invalid_model',
  'account_deactivated',
]);

/** What a session that runs loses by an error; null if it goes on. */
export function fatalFault(code: string | null): BrokenSocket | null {
  if (code === null) return null;
  if (code === 'session_expired') return broken('socket_lost', true, 'the session reached its longest duration');
  return KEY_REFUSED.has(code) || OUT_OF_USE.has(code) ? setupFault(code) : null;
}

/** What an error means before the session is ready: it was not set up as it must be. */
export function setupFault(code: string | null): BrokenSocket {
  if (code !== null && KEY_REFUSED.has(code))
    return broken('unauthorized', false, `the agent refused the key (${code})`);
  return broken('agent_error', false, `the agent cannot be used (${code ?? 'unspecified error'})`);
}

/**
 * A model hangs up by its tool. A close in good order can be a hang-up too, of a server of one's own; but one that is going
 * away, or that says that the session is too old, is lost.
 */
export function endOfSession(end: SocketEnd): SocketEnd {
  if (end.kind === 'broken') return end;
  const isLost = end.code === 1001 || /maximum duration|expired/i.test(end.reason ?? '');
  return isLost ? broken('socket_lost', true, `the session was ended by the service (${end.code})`) : end;
}
