import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { FakeRealtimeSession, type Reply } from './fake-realtime-session.ts';

export type FakeService = 'openai' | 'azure' | 'grok' | 'inworld' | 'compatible';

export interface FakeRealtimeOptions {
  readonly service?: FakeService;
  /** Names of events as they were before GA; takes sessions of either shape. */
  readonly beta?: boolean;
  /** Never says `session.updated`. */
  readonly silentUpdates?: boolean;
  /** What the model says and does, one after the other, first; then it goes on saying `Reply n.` for a second. */
  readonly replies?: readonly Reply[];
  /** How much faster than real time it speaks. Default 20. */
  readonly speed?: number;
  /** Length of a delta, milliseconds. Default 100. */
  readonly deltaMs?: number;
  /** Deltas of a broken off response that were on the way when it was broken off. Default 2. */
  readonly staleDeltas?: number;
}

export type ClientEvent = Readonly<Record<string, unknown>> & { readonly type: string };

export const FAKE_KEY = 'sk-fake';

/**
 * Stands in for a Realtime service, on loopback: sessions, server VAD, responses that are spoken faster than real time,
 * tool calls, truncation with the service's own checks. `test/interop/openai` holds it against the vendor's client.
 */
export class FakeRealtime {
  readonly options: FakeRealtimeOptions;
  readonly connections: FakeRealtimeConnection[] = [];
  readonly #http = createServer();
  #takers: ((connection: FakeRealtimeConnection) => void)[] = [];
  #taken = 0;
  /** Answers the upgrade with this HTTP status, from now on. */
  refuseWith: number | null = null;

  private constructor(options: FakeRealtimeOptions) {
    this.options = options;
    const sockets = new WebSocketServer({ noServer: true });
    this.#http.on('upgrade', (request, socket, head) => {
      const status = this.refuseWith ?? refusal(this.#service, request.url ?? '', request.headers);
      if (status !== null) {
        socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (websocket) => {
        const path = request.url ?? '';
        const connection = new FakeRealtimeConnection(websocket, path, request.headers, this.options);
        this.connections.push(connection);
        const taker = this.#takers.shift();
        if (taker === undefined) return;
        this.#taken += 1;
        taker(connection);
      });
    });
  }

  static async start(options: FakeRealtimeOptions = {}): Promise<FakeRealtime> {
    const service = new FakeRealtime(options);
    service.#http.listen(0, '127.0.0.1');
    await once(service.#http, 'listening');
    return service;
  }

  get #service(): FakeService {
    return this.options.service ?? 'openai';
  }

  /** As an agent's configuration has it, model and all. */
  get url(): string {
    const origin = `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
    return `${origin}${PATHS[this.#service]}?model=fake-realtime`;
  }

  /** The next connection, in order. */
  connection(): Promise<FakeRealtimeConnection> {
    const waiting = this.connections[this.#taken];
    if (waiting === undefined) return new Promise((resolve) => this.#takers.push(resolve));
    this.#taken += 1;
    return Promise.resolve(waiting);
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.drop();
    this.#http.close();
    this.#http.closeAllConnections();
    if (this.#http.listening) await once(this.#http, 'close');
  }
}

/** One client of the fake service, and the session it has. */
export class FakeRealtimeConnection {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** All that the client said but sound, in order. */
  readonly events: ClientEvent[] = [];
  readonly session: FakeRealtimeSession;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;
  #read = 0;
  #wake: () => void = () => {};

  constructor(socket: WebSocket, path: string, headers: IncomingHttpHeaders, options: FakeRealtimeOptions) {
    this.#socket = socket;
    this.path = path;
    this.headers = headers;
    this.session = new FakeRealtimeSession((event) => this.send(event), options);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.session.close();
        resolve({ code, reason: reason.toString() });
      });
    });
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => this.#onMessage(data));
    this.session.open();
  }

  /** The next event of this type that no `hear` passed yet. */
  async hear(type: string): Promise<ClientEvent> {
    for (;;) {
      while (this.#read < this.events.length) {
        const event = this.events[this.#read]!;
        this.#read += 1;
        if (event.type === type) return event;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Of the client's events so far, those of this type. */
  all(type: string): ClientEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  send(event: object): void {
    this.text(JSON.stringify(event));
  }

  text(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  bytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** Resolves when everything that was said before was taken by the client: a ping that comes back. */
  async settle(): Promise<void> {
    this.#socket.ping();
    await once(this.#socket, 'pong');
  }

  /** The session is too old: an error, then a close in good order. */
  expire(): void {
    this.session.fail('session_expired', 'Your session hit the maximum duration of 60 minutes.');
    this.#socket.close(1001, 'Your session hit the maximum duration of 60 minutes.');
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

  #onMessage(data: Buffer): void {
    let event: ClientEvent;
    try {
      event = JSON.parse(data.toString('utf8')) as ClientEvent;
    } catch {
      this.session.fail('invalid_json', 'We could not parse the JSON body of your request.');
      return;
    }
    this.session.take(event);
    if (event.type === 'input_audio_buffer.append') return;
    this.events.push(event);
    this.#wake();
  }
}

const PATHS: Readonly<Record<FakeService, string>> = {
  openai: '/v1/realtime',
  azure: '/openai/v1/realtime',
  grok: '/v1/realtime',
  inworld: '/api/v1/realtime/session',
  compatible: '/realtime',
};

const KEY_HEADERS: Readonly<Record<FakeService, Readonly<Record<string, string>>>> = {
  openai: { authorization: `Bearer ${FAKE_KEY}` },
  azure: { 'api-key': FAKE_KEY },
  grok: { authorization: `Bearer ${FAKE_KEY}` },
  inworld: { authorization: `Basic ${FAKE_KEY}` },
  compatible: {},
};

/** HTTP status of a request that the service would not upgrade. */
function refusal(service: FakeService, target: string, headers: IncomingHttpHeaders): number | null {
  const url = new URL(target, 'ws://fake');
  if (url.pathname !== PATHS[service]) return 404;
  if (Object.entries(KEY_HEADERS[service]).some(([name, value]) => headers[name] !== value)) return 401;
  const query = service === 'inworld' ? ['key', 'protocol'] : service === 'compatible' ? [] : ['model'];
  return query.every((name) => url.searchParams.has(name)) ? null : 400;
}
