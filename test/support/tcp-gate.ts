import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server that can be taken away and brought back: all of a client's connections to it lead through here. */
export class TcpGate {
  /** The URL that was given, by way of the gate. */
  readonly url: string;
  /** Sees what clients send before it is passed on. */
  onSent: (bytes: Buffer) => void = () => {};
  readonly #sockets = new Set<Socket>();
  #isOpen = true;

  private constructor(url: string) {
    this.url = url;
  }

  /** Open, until the test is over. */
  static async before(url: string): Promise<TcpGate> {
    const target = new URL(url);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ours = new URL(url);
    ours.port = String((server.address() as AddressInfo).port);
    const gate = new TcpGate(ours.href);
    server.on('connection', (client) => gate.#lead(client, target));
    onTestFinished(async () => {
      gate.shut();
      await new Promise((closed) => server.close(closed));
    });
    return gate;
  }

  /** Cuts every connection; new ones are closed at once. */
  shut(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  reopen(): void {
    this.#isOpen = true;
  }

  #lead(client: Socket, { hostname, port }: URL): void {
    if (!this.#isOpen) return void client.destroy();
    const server = connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      // `close` follows.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => {
      this.onSent(bytes);
      server.write(bytes);
    });
    server.pipe(client);
  }
}
