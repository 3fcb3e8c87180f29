import { WebSocket } from 'ws';
import type { AgentTarget } from '../../../call/index.ts';
import type { BridgeMessage } from './bridge-messages.ts';
import {
  CLOSE_TIMEOUT_MS,
  MAX_MESSAGE_BYTES,
  MAX_UNANSWERED_PINGS,
  MAX_UNREAD_CONTROL_BYTES,
  PING_INTERVAL_MS,
  SUBPROTOCOL,
} from './limits.ts';
import { broken, endOfClose, endOfError, endOfResponse, type SocketEnd } from './socket-end.ts';

/** What a socket says to its owner: nothing before `onOpen` but `onEnd`, nothing after `onEnd`, `close` or `cut`. */
export interface AgentSocketListener {
  onOpen(): void;
  onControl(bytes: Buffer): void;
  onAudio(bytes: Buffer): void;
  onEnd(end: SocketEnd): void;
}

// An option of ws 8.23 that its types do not list yet.
type DialOptions = WebSocket.ClientOptions & { readonly closeTimeout: number };

/** One websocket connection to an agent, from the dial to its end. Dials when it is built; never throws. */
export class AgentSocket {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #listener: AgentSocketListener;
  readonly #socket: WebSocket | null;
  #pings: NodeJS.Timeout | null = null;
  #unanswered = 0;
  #ended = false;

  constructor(target: AgentTarget, listener: AgentSocketListener) {
    this.#listener = listener;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#socket = dial(target);
    if (this.#socket === null) {
      resolve();
      queueMicrotask(() =>
        this.#end(broken('connect_refused', false, 'the URL or the token of the agent is not usable')),
      );
      return;
    }
    this.#listen(this.#socket, resolve);
  }

  /** Bytes that the network did not take yet. */
  get unreadBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  sendControl(message: BridgeMessage): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_UNREAD_CONTROL_BYTES) {
      this.#socket.terminate();
      this.#end(broken('stalled', false, 'the agent does not read'));
      return;
    }
    this.#socket.send(JSON.stringify(message));
  }

  /** `bytes` must stay as they are until the network took them. */
  sendAudio(bytes: Buffer): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes, AUDIO);
  }

  /** From now on the agent must answer pings, or the socket counts as lost after 15 s. */
  watch(): void {
    this.#pings ??= setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  /** Says goodbye; the connection is cut if the agent does not answer within 500 ms. */
  close(code: number, reason: string): void {
    this.#mute();
    this.#socket?.close(code, reason);
  }

  /** Ends the connection at once, without a word. */
  cut(): void {
    this.#mute();
    this.#socket?.terminate();
  }

  #listen(socket: WebSocket, gone: () => void): void {
    socket.on('upgrade', (response) => {
      // ws takes a missing subprotocol for an error, RFC 6455 §4.1 does not. Agents need not choose one.
      response.headers['sec-websocket-protocol'] ??= SUBPROTOCOL;
    });
    socket.on('open', () => {
      if (!this.#ended) this.#listener.onOpen();
    });
    socket.on('message', (data, isBinary) => {
      if (this.#ended) return;
      this.#unanswered = 0;
      // `binaryType` is left at nodebuffer.
      if (isBinary) this.#listener.onAudio(data as Buffer);
      else this.#listener.onControl(data as Buffer);
    });
    socket.on('pong', () => {
      this.#unanswered = 0;
    });
    socket.on('unexpected-response', (_request, response) => {
      this.#end(endOfResponse(response.statusCode ?? 0));
      socket.terminate();
    });
    socket.on('error', (error) => this.#end(endOfError(error)));
    socket.on('close', (code, reason) => {
      this.#end(endOfClose(code, reason.toString('utf8')));
      gone();
    });
  }

  #ping(): void {
    if (this.#unanswered >= MAX_UNANSWERED_PINGS) {
      this.#socket?.terminate();
      this.#end(broken('socket_lost', true, 'the agent did not answer pings'));
      return;
    }
    // Proxies exist that swallow websocket pings; a silent agent gets one that they pass on.
    if (this.#unanswered > 0) this.sendControl({ type: 'ping', id: null });
    this.#unanswered += 1;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #end(end: SocketEnd): void {
    if (this.#ended) return;
    this.#mute();
    this.#listener.onEnd(end);
  }

  #mute(): void {
    this.#ended = true;
    if (this.#pings !== null) clearInterval(this.#pings);
    this.#pings = null;
  }
}

const AUDIO = { binary: true, compress: false };

/** Null if URL or token cannot even be written into a request. */
function dial(target: AgentTarget): WebSocket | null {
  const options: DialOptions = {
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // Said aloud, because NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise turn it off.
    rejectUnauthorized: true,
    followRedirects: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  try {
    const url = new URL(target.url);
    if (target.token !== null && target.tokenIn === 'query') url.searchParams.set('token', target.token);
    if (target.token !== null && target.tokenIn === 'header') {
      options.headers = { Authorization: `Bearer ${target.token}` };
    }
    return new WebSocket(url, SUBPROTOCOL, options);
  } catch {
    return null;
  }
}
