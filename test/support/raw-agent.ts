import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface RawAgentOptions {
  /** Answer the upgrade with this HTTP status instead of taking it. */
  readonly refuseWith?: number;
  /** Say `ready` as soon as `start` came. Default true. */
  readonly ready?: boolean;
  /** Choose the subprotocol that is offered. Default false. */
  readonly chooseSubprotocol?: boolean;
}

export type Message = Record<string, unknown>;

/** An agent whose script is the test: a real websocket server on loopback that speaks only when told. */
export class RawAgent {
  readonly options: { -readonly [K in keyof RawAgentOptions]: RawAgentOptions[K] };
  readonly #http = createServer();
  readonly #connections = new Queue<RawAgentConnection>();
  readonly #all: RawAgentConnection[] = [];

  constructor(options: RawAgentOptions = {}) {
    this.options = { ...options };
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => this.options.chooseSubprotocol === true && ([...offered][0] ?? false),
    });
    this.#http.on('upgrade', (request, socket, head) => {
      const status = this.options.refuseWith;
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (websocket) => {
        const connection = new RawAgentConnection(
          websocket,
          request.url ?? '',
          request.headers,
          this.options.ready ?? true,
        );
        this.#all.push(connection);
        this.#connections.push(connection);
      });
    });
  }

  static async start(options: RawAgentOptions = {}): Promise<RawAgent> {
    const agent = new RawAgent(options);
    agent.#http.listen(0, '127.0.0.1');
    await once(agent.#http, 'listening');
    return agent;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/agent`;
  }

  get connectionCount(): number {
    return this.#all.length;
  }

  /** Connections that are open. */
  get openCount(): number {
    return this.#all.filter((connection) => connection.open).length;
  }

  /** The next connection of the bridge, in order. */
  connection(): Promise<RawAgentConnection> {
    return this.#connections.next();
  }

  /** The first connection of one call, by WhatsApp's id of it, once it is open and `start` came. */
  async connectionOf(callId: string): Promise<RawAgentConnection> {
    for (;;) {
      const found = this.#all.find((connection) => connection.callId === callId);
      if (found !== undefined) return found;
      await new Promise((wake) => setTimeout(wake, 10));
    }
  }

  /** All connections of one call, in order. */
  connectionsOf(callId: string): readonly RawAgentConnection[] {
    return this.#all.filter((connection) => connection.callId === callId);
  }

  async stop(): Promise<void> {
    for (const connection of this.#all) connection.drop();
    this.#http.close();
    this.#http.closeAllConnections();
    if (this.#http.listening) await once(this.#http, 'close');
  }
}

export class RawAgentConnection {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Every control message so far, in order. */
  readonly messages: Message[] = [];
  readonly #socket: WebSocket;
  readonly #control = new Queue<Message>();
  readonly #audio = new Queue<Buffer>();
  readonly #pings = new Queue<Buffer>();
  #settles = 0;

  constructor(socket: WebSocket, path: string, headers: IncomingHttpHeaders, ready: boolean) {
    this.#socket = socket;
    this.path = path;
    this.headers = headers;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('error', () => {});
    socket.on('ping', (data: Buffer) => this.#pings.push(data));
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        this.#audio.push(data);
        return;
      }
      const message = JSON.parse(data.toString()) as Message;
      this.messages.push(message);
      this.#control.push(message);
      if (ready && message['type'] === 'start') this.say({ type: 'ready' });
    });
  }

  get open(): boolean {
    return this.#socket.readyState !== this.#socket.CLOSED;
  }

  /** WhatsApp's id of the call that `start` named; null before it came. */
  get callId(): string | null {
    const start = this.messages.find((message) => message['type'] === 'start');
    return (start?.['call'] as { readonly call_id: string } | undefined)?.call_id ?? null;
  }

  say(message: unknown): void {
    this.text(JSON.stringify(message));
  }

  text(text: string): void {
    this.#socket.send(text);
  }

  sound(samples: Int16Array | Uint8Array): void {
    this.#socket.send(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
  }

  /** The next message of this type; others that came before it are passed over. */
  async hear(type: string): Promise<Message> {
    for (;;) {
      const message = await this.#control.next();
      if (message['type'] === type) return message;
    }
  }

  hearSound(): Promise<Buffer> {
    return this.#audio.next();
  }

  get soundsWaiting(): number {
    return this.#audio.waiting;
  }

  /** Resolves when everything the bridge sent before was heard: a ping that comes back. */
  async settle(): Promise<void> {
    this.#settles += 1;
    const id = `settle-${this.#settles}`;
    this.say({ type: 'ping', id });
    for (;;) if ((await this.hear('pong'))['id'] === id) return;
  }

  /** The next websocket ping; its pong is on the way already. */
  async hearPing(): Promise<void> {
    await this.#pings.next();
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  /** Gone without a close frame. */
  drop(): void {
    this.#socket.terminate();
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readAgain(): void {
    this.#socket.resume();
  }
}

/** Hands each item to one reader, in order, whoever comes first. */
class Queue<T> {
  readonly #items: T[] = [];
  readonly #readers: ((item: T) => void)[] = [];

  get waiting(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const reader = this.#readers.shift();
    if (reader) reader(item);
    else this.#items.push(item);
  }

  next(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#readers.push(resolve));
  }
}
