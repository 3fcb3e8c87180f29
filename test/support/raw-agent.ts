import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { AgentSocket, type Message } from './agent-socket.ts';
import { Mailbox } from './mailbox.ts';

export interface RawAgentOptions {
  /** Answer the upgrade with this HTTP status instead of taking it. */
  readonly refuseWith?: number;
  /** Say `ready` as soon as `start` came. Default true. */
  readonly ready?: boolean;
  /** Choose the subprotocol that is offered. Default false. */
  readonly chooseSubprotocol?: boolean;
}

/** An agent whose script is the test: a real websocket server on loopback that speaks only when told. */
export class RawAgent {
  readonly options: { -readonly [K in keyof RawAgentOptions]: RawAgentOptions[K] };
  readonly #http = createServer();
  readonly #connections = new Mailbox<RawAgentConnection>();
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

export class RawAgentConnection extends AgentSocket<Buffer> {
  readonly #ready: boolean;
  readonly #pings = new Mailbox<Buffer>();
  #settles = 0;

  /** `ready`: it says so as soon as `start` came. */
  constructor(socket: WebSocket, path: string, headers: IncomingHttpHeaders, ready: boolean) {
    super(socket, path, headers);
    this.#ready = ready;
    socket.on('ping', (data: Buffer) => this.#pings.push(data));
  }

  get open(): boolean {
    return this.socket.readyState !== this.socket.CLOSED;
  }

  /** WhatsApp's id of the call that `start` named; null before it came. */
  get callId(): string | null {
    const start = this.messages.find((message) => message['type'] === 'start');
    return (start?.['call'] as { readonly call_id: string } | undefined)?.call_id ?? null;
  }

  say(message: unknown): void {
    this.text(JSON.stringify(message));
  }

  sound(samples: Int16Array | Uint8Array): void {
    this.socket.send(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
  }

  get soundsWaiting(): number {
    return this.sounds.waiting;
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

  readAgain(): void {
    this.socket.resume();
  }

  protected override take(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.sounds.push(data);
      return;
    }
    const message = JSON.parse(data.toString()) as Message;
    this.keep(message);
    if (this.#ready && message['type'] === 'start') this.say({ type: 'ready' });
  }
}
