import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs/light.js';
import { WebSocketServer } from 'ws';
import { AgentSocket, type Message } from './agent-socket.ts';
import { Mailbox } from './mailbox.ts';

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
  readonly #connections = new Mailbox<PipecatConnection>();
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

export class PipecatConnection extends AgentSocket<HeardAudio> {
  /** Websocket messages that were text, which ends a real bot's session. */
  textCount = 0;

  bytes(bytes: Uint8Array): void {
    this.socket.send(bytes);
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

  protected override take(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      this.textCount += 1;
      return;
    }
    const frame = frameType.toObject(frameType.decode(data), { longs: Number }) as {
      readonly audio?: HeardAudio;
      readonly message?: { readonly data: string };
    };
    if (frame.audio !== undefined) this.sounds.push(frame.audio);
    if (frame.message !== undefined) this.keep(JSON.parse(frame.message.data) as Message);
  }
}
