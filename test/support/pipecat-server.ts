import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs/light.js';
import { type WebSocket, WebSocketServer } from 'ws';

type Fields = Record<string, unknown>;

/** A frame as the far side reads it; written apart from the wire's own codec, so that both cannot be wrong alike. */
const IDENTITY = { id: { type: 'uint64', id: 1 }, name: { type: 'string', id: 2 } };
const { root } = protobuf.Root.fromJSON({
  nested: {
    Frame: {
      oneofs: { frame: { oneof: ['audio', 'message', 'interruption'] } },
      fields: {
        audio: { type: 'AudioRawFrame', id: 2 },
        message: { type: 'MessageFrame', id: 4 },
        interruption: { type: 'InterruptionFrame', id: 5 },
      },
    },
    AudioRawFrame: {
      fields: {
        ...IDENTITY,
        audio: { type: 'bytes', id: 3 },
        sample_rate: { type: 'uint32', id: 4 },
        num_channels: { type: 'uint32', id: 5 },
      },
    },
    MessageFrame: { fields: { data: { type: 'string', id: 1 } } },
    InterruptionFrame: { fields: IDENTITY },
  },
});
const frameType = root.lookupType('Frame');

export function pipecatFrame(fields: Fields): Uint8Array {
  return frameType.encode(fields).finish();
}

export interface HeardAudio {
  readonly id: number;
  readonly name: string;
  readonly audio: Buffer;
  readonly sample_rate: number;
  readonly num_channels: number;
}

/** A bot whose script is the test: a real websocket server on loopback that speaks only when told. */
export class PipecatServer {
  readonly #http = createServer();
  readonly #connections = new Queue<PipecatConnection>();
  readonly #all: PipecatConnection[] = [];

  static async start(): Promise<PipecatServer> {
    const server = new PipecatServer();
    const sockets = new WebSocketServer({ server: server.#http });
    sockets.on('connection', (socket, request) => {
      const connection = new PipecatConnection(socket, request.url ?? '', request.headers);
      server.#all.push(connection);
      server.#connections.push(connection);
    });
    server.#http.listen(0, '127.0.0.1');
    await once(server.#http, 'listening');
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  connection(): Promise<PipecatConnection> {
    return this.#connections.next();
  }

  async stop(): Promise<void> {
    for (const connection of this.#all) connection.drop();
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, 'close');
  }
}

export class PipecatConnection {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Every message so far, in order. */
  readonly messages: Fields[] = [];
  /** Websocket messages that were text, which ends a real bot's session. */
  textCount = 0;
  readonly #socket: WebSocket;
  readonly #messages = new Queue<Fields>();
  readonly #audio = new Queue<HeardAudio>();

  constructor(socket: WebSocket, path: string, headers: IncomingHttpHeaders) {
    this.#socket = socket;
    this.path = path;
    this.headers = headers;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('error', () => {});
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) {
        this.textCount += 1;
        return;
      }
      const frame = frameType.toObject(frameType.decode(data), { longs: Number }) as {
        readonly audio?: HeardAudio;
        readonly message?: { readonly data: string };
      };
      if (frame.audio !== undefined) this.#audio.push(frame.audio);
      if (frame.message === undefined) return;
      const message = JSON.parse(frame.message.data) as Fields;
      this.messages.push(message);
      this.#messages.push(message);
    });
  }

  bytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  text(text: string): void {
    this.#socket.send(text);
  }

  say(message: unknown): void {
    this.bytes(pipecatFrame({ message: { data: JSON.stringify(message) } }));
  }

  rtvi(type: string, data?: unknown): void {
    this.say({ label: 'rtvi-ai', type, data });
  }

  sound(samples: Int16Array, differences: Fields = {}): void {
    const audio = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    this.bytes(
      pipecatFrame({
        audio: { id: 1, name: 'OutputAudioRawFrame#1', audio, sample_rate: 24000, num_channels: 1, ...differences },
      }),
    );
  }

  interruption(): void {
    this.bytes(pipecatFrame({ interruption: { id: 9, name: 'InterruptionFrame#1' } }));
  }

  /** The next message of this type; others that came before it are passed over. */
  async hear(type: string): Promise<Fields> {
    for (;;) {
      const message = await this.#messages.next();
      if (message['type'] === type) return message;
    }
  }

  hearSound(): Promise<HeardAudio> {
    return this.#audio.next();
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  drop(): void {
    this.#socket.terminate();
  }

  stopReading(): void {
    this.#socket.pause();
  }
}

/** Hands each item to one reader, in order, whoever comes first. */
class Queue<T> {
  readonly #items: T[] = [];
  readonly #readers: ((item: T) => void)[] = [];

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
