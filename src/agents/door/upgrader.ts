import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { CLOSE_TIMEOUT_MS } from '../net/wire-socket.ts';
import { SUBPROTOCOL } from '../wires/raw/limits.ts';

export type Upgrade = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  onSocket: (socket: WebSocket) => void,
) => void;

// An option of ws 8.23 that its types do not list yet.
type Options = ServerOptions & { readonly closeTimeout: number };

/** Makes what turns an HTTP request into a websocket; a request that is none is answered with 400. */
export function websocketUpgrade(maxPayload: number): Upgrade {
  const options: Options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
  };
  const server = new WebSocketServer(options);
  return (request, socket, head, onSocket) => server.handleUpgrade(request, socket, head, onSocket);
}
