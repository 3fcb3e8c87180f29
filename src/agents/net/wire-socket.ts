import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { guardedLookup, isForbiddenHost } from './address-guard.ts';
import {
  addressRefused,
  type BrokenSocket,
  broken,
  endOfClose,
  endOfError,
  endOfResponse,
  type SocketEnd,
} from './socket-end.ts';

/** What a socket says to its owner: nothing before `onOpen` but `onEnd`, nothing after `onEnd`, `close` or `cut`. */
export interface WireSocketListener {
  onOpen(): void;
  onText(bytes: Buffer): void;
  onBinary(bytes: Buffer): void;
  onEnd(end: SocketEnd): void;
}

export interface WireSocketRequest {
  /** ws:// or wss:// */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Subprotocols to offer. An agent that chooses none is taken anyway. */
  readonly protocols?: readonly string[];
  readonly allowLinkLocal: boolean;
  /** What is sent as well as a websocket ping to an agent that is silent, for proxies that swallow pings. */
  readonly textPing?: () => string;
}

/** Largest message that is taken, bytes: tens of seconds of sound at once are fine, files are not. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Text waiting for an agent that does not read, bytes. */
const MAX_UNREAD_TEXT_BYTES = 1024 * 1024;
const PING_INTERVAL_MS = 5000;
/**
 * The kernels between us and an agent that does not read take minutes of sound before the socket fills up. So it is asked
 * all the time how far it has read, and one that takes longer to answer than networks do has stopped.
 */
const PROBE_INTERVAL_MS = 200;
const MAX_WAITED_PROBES = 2;
/** Pings in a row without a sign of life: 15 s. */
const MAX_UNANSWERED_PINGS = 3;
/** What a close frame has room for (RFC 6455 §5.5); ws throws at more. */
const MAX_REASON_BYTES = 123;
/** How long the agent has to answer a close before the socket is cut, milliseconds. */
export const CLOSE_TIMEOUT_MS = 500;

// An option of ws 8.23 that its types do not list yet.
type DialOptions = WebSocket.ClientOptions & { readonly closeTimeout: number };

/** One websocket connection with an agent, to its end. Never throws. */
export class WireSocket {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #listener: WireSocketListener;
  readonly #textPing: (() => string) | null;
  readonly #socket: WebSocket | null;
  #pings: NodeJS.Timeout | null = null;
  #unanswered = 0;
  #ticks = 0;
  /** A probe is on its way, and for how many intervals. */
  #probing = false;
  #waited = 0;
  /** Some do not answer pings, which says nothing of what they read. */
  #answersPings = false;
  #ended = false;

  private constructor(socket: WebSocket | null, listener: WireSocketListener, textPing: (() => string) | null) {
    this.#listener = listener;
    this.#textPing = textPing;
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    if (socket !== null) this.#listen(socket, resolve);
    if (socket === null || socket.readyState === WebSocket.CLOSED) resolve();
  }

  /** Dials at once. */
  static dial(request: WireSocketRequest, listener: WireSocketListener): WireSocket {
    const dialled = dial(request);
    const socket = new WireSocket(dialled instanceof WebSocket ? dialled : null, listener, request.textPing ?? null);
    if (!(dialled instanceof WebSocket)) queueMicrotask(() => socket.#end(dialled));
    return socket;
  }

  /** Takes over a connection that the agent made. `onOpen` comes in a moment. */
  static adopt(accepted: WebSocket, listener: WireSocketListener, textPing: (() => string) | null = null): WireSocket {
    const socket = new WireSocket(accepted, listener, textPing);
    queueMicrotask(() => {
      if (socket.#ended) return;
      if (accepted.readyState === WebSocket.OPEN) listener.onOpen();
      // One that is closed already says so no more.
      else if (accepted.readyState === WebSocket.CLOSED) socket.#end(endOfClose(1006, ''));
    });
    return socket;
  }

  /** Bytes that the network did not take yet; infinite while the agent does not read. */
  get unreadBytes(): number {
    if (this.#answersPings && this.#waited >= MAX_WAITED_PROBES) return Number.POSITIVE_INFINITY;
    return this.#socket?.bufferedAmount ?? 0;
  }

  sendText(text: string): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_UNREAD_TEXT_BYTES) {
      this.#socket.terminate();
      this.#end(broken('stalled', false, 'the agent does not read'));
      return;
    }
    this.#socket.send(text, TEXT);
  }

  sendJson(message: unknown): void {
    this.sendText(JSON.stringify(message));
  }

  /** `bytes` must stay as they are until the network took them. */
  sendBinary(bytes: Uint8Array): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes, BINARY);
  }

  /** From now on the agent must answer pings, or the socket counts as lost after 15 s. */
  watch(): void {
    if (!this.#ended) this.#pings ??= setInterval(() => this.#tick(), PROBE_INTERVAL_MS);
  }

  /** Says goodbye; the connection is cut if the agent does not answer within 500 ms. */
  close(code: number, reason: string): void {
    this.#mute();
    this.#socket?.close(code, cutToBytes(reason, MAX_REASON_BYTES));
  }

  /** Ends the connection at once, without a word. */
  cut(): void {
    this.#mute();
    this.#socket?.terminate();
  }

  #listen(socket: WebSocket, gone: () => void): void {
    socket.on('open', () => {
      if (!this.#ended) this.#listener.onOpen();
    });
    socket.on('message', (data, isBinary) => {
      if (this.#ended) return;
      this.#unanswered = 0;
      // `binaryType` is left at nodebuffer.
      if (isBinary) this.#listener.onBinary(data as Buffer);
      else this.#listener.onText(data as Buffer);
    });
    socket.on('pong', () => {
      this.#unanswered = 0;
      this.#probing = false;
      this.#waited = 0;
      this.#answersPings = true;
    });
    socket.on('unexpected-response', (_request, response: IncomingMessage) => {
      this.#end(endOfResponse(response.statusCode ?? 0));
      socket.terminate();
    });
    socket.on('error', (error) => this.#end(endOfError(error)));
    socket.on('close', (code, reason) => {
      this.#end(endOfClose(code, reason.toString('utf8')));
      gone();
    });
  }

  #tick(): void {
    this.#ticks += 1;
    if (this.#probing) {
      this.#waited += 1;
    } else if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#probing = true;
      this.#socket.ping();
    }
    if (this.#ticks % (PING_INTERVAL_MS / PROBE_INTERVAL_MS) === 0) this.#ping();
  }

  #ping(): void {
    if (this.#unanswered >= MAX_UNANSWERED_PINGS) {
      this.#socket?.terminate();
      this.#end(broken('socket_lost', true, 'the agent did not answer pings'));
      return;
    }
    if (this.#unanswered > 0 && this.#textPing !== null) this.sendText(this.#textPing());
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

const BINARY = { binary: true, compress: false };
const TEXT = { binary: false, compress: false };

/** As many whole characters as fit. */
function cutToBytes(text: string, bytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > bytes) cut = cut.slice(0, -1);
  return cut;
}

/** What is wrong if the request cannot even be written. */
function dial(request: WireSocketRequest): WebSocket | BrokenSocket {
  const { allowLinkLocal, protocols = [] } = request;
  const options: DialOptions = {
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // Said aloud, because NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise turn it off.
    rejectUnauthorized: true,
    followRedirects: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    headers: { ...request.headers },
    ...(allowLinkLocal ? {} : { lookup: guardedLookup }),
  };
  try {
    const url = new URL(request.url);
    if (!allowLinkLocal && isForbiddenHost(url.hostname)) return addressRefused();
    const socket = new WebSocket(url, [...protocols], options);
    socket.on('upgrade', (response) => {
      // ws takes a missing subprotocol for an error, RFC 6455 §4.1 does not. Agents need not choose one.
      if (protocols[0] !== undefined) response.headers['sec-websocket-protocol'] ??= protocols[0];
    });
    return socket;
  } catch {
    return broken('connect_refused', false, 'the URL or the token of the agent is not usable');
  }
}
