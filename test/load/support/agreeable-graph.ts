import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

/** A Graph that agrees to everything, in a thread of its own so that it does not delay who measures. */
export class AgreeableGraph {
  readonly url: string;
  readonly #worker: Worker;

  private constructor(worker: Worker, url: string) {
    this.#worker = worker;
    this.url = url;
  }

  static async start(): Promise<AgreeableGraph> {
    const worker = new Worker(new URL(import.meta.url));
    const [port] = (await once(worker, 'message')) as [number];
    return new AgreeableGraph(worker, `http://127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

if (!isMainThread) {
  const body = JSON.stringify({ messaging_product: 'whatsapp', success: true });
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(body));
  });
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
}
