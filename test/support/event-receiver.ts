import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a receiver does with a request. `taken` is all that counts as taken. */
export type Whim = 'taken' | 'slow' | 'error' | 'busy' | 'dies_before' | 'dies_within' | 'hangs';

export interface Receipt {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly whim: Whim;
  /** The whole of a 2xx left the receiver; whether it arrived, a receiver cannot know. */
  taken: boolean;
}

/** Somebody else's webhook receiver, which keeps a log of its own of everything that reached it. */
export class EventReceiver {
  readonly log: Receipt[] = [];
  downs = 0;
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** @param whimOf decides what becomes of each request */
  static async start(whimOf: () => Whim): Promise<EventReceiver> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const whim = whimOf();
        const body = Buffer.concat(chunks);
        const receipt: Receipt = { path: request.url ?? '', headers: request.headers, body, whim, taken: false };
        receiver.log.push(receipt);
        void answer(response, receipt);
      });
      // Whoever sends may be killed in the middle of it.
      request.on('error', () => {});
    });
    server.on('connection', (socket) => {
      receiver.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => receiver.#sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const receiver = new EventReceiver(server, (server.address() as AddressInfo).port);
    return receiver;
  }

  /** Is not there for a while: connections break off, and new ones are refused. */
  async isDownFor(ms: number): Promise<void> {
    this.downs += 1;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await sleep(ms);
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }
}

async function answer(response: ServerResponse, receipt: Receipt): Promise<void> {
  switch (receipt.whim) {
    case 'slow':
      await sleep(150 + Math.random() * 450);
      return take(response, receipt);
    case 'taken':
      return take(response, receipt);
    case 'error':
      return void response.writeHead(500).end('not now');
    case 'busy':
      return void response.writeHead(503, { 'retry-after': '1' }).end();
    case 'dies_before':
      return void response.destroy();
    case 'dies_within':
      response.writeHead(200, { 'content-length': '1000' }).write('it is tak');
      await sleep(5);
      return void response.destroy();
    case 'hangs':
      return;
    default:
      receipt.whim satisfies never;
  }
}

function take(response: ServerResponse, receipt: Receipt): void {
  response.once('finish', () => {
    receipt.taken = true;
  });
  response.writeHead(200).end('ok');
}
