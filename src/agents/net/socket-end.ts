import type { AgentFailure } from '../../call/index.ts';
import type { AgentLoss } from '../agent.ts';
import { ADDRESS_REFUSED } from './address-guard.ts';

/** Why a socket to an agent is gone. `detail` is for people and holds no address and nothing of the agent's own words. */
export type SocketEnd =
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string | null }
  | BrokenSocket;

export interface BrokenSocket extends AgentLoss {
  readonly kind: 'broken';
}

/** Reads the close code of the agent; docs/protocol.md "Close codes" is this table in prose. */
export function endOfClose(code: number, reason: string): SocketEnd {
  switch (code) {
    case 1000:
    case 1001:
    // A close frame without a code is what most libraries send for a plain close().
    case 1005:
      return { kind: 'closed', code, reason: reason === '' ? null : reason };
    case 1006:
      return broken('socket_lost', true, 'the connection was lost');
    case 1008:
    case 3000:
    case 3003:
      return broken('unauthorized', false, `the agent closed with ${code}`);
    case 1002:
    case 1003:
    case 1007:
    case 1009:
    case 1010:
      return broken('protocol_error', false, `the agent closed with ${code}`);
    case 1011:
    case 1012:
    case 1013:
    case 1014:
      return broken('socket_lost', true, `the agent closed with ${code}`);
    default:
      return broken('agent_error', false, `the agent closed with ${code}`);
  }
}

/** Reads an HTTP answer that is not the upgrade to a websocket. */
export function endOfResponse(status: number): BrokenSocket {
  if (status === 401 || status === 403) return broken('unauthorized', false, `the agent answered HTTP ${status}`);
  return broken('connect_refused', true, `the agent answered HTTP ${status}`);
}

/** Reads an error of the socket. Its message is not used: it holds addresses. */
export function endOfError(error: Error): BrokenSocket {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    return broken('protocol_error', false, 'the agent sent a message that is too long');
  }
  if (code?.startsWith('WS_ERR_') || code?.startsWith('HPE_')) {
    return broken('protocol_error', false, `the agent broke the websocket protocol (${code})`);
  }
  if (code === ADDRESS_REFUSED) return addressRefused();
  // ws gives no code when the upgrade itself was answered wrongly.
  if (code === null) return broken('protocol_error', false, 'the agent does not speak websocket as we asked');
  return broken('connect_refused', true, `the agent could not be reached (${code})`);
}

export function broken(code: AgentFailure, retryable: boolean, detail: string): BrokenSocket {
  return { kind: 'broken', code, retryable, detail };
}

export function addressRefused(): BrokenSocket {
  return broken('address_refused', false, 'the agent has an address that agents may not have');
}

/** What CallerQueue finds. */
export const STALLED = broken('stalled', false, 'the agent did not read for 5 s');
