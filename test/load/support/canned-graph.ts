import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface CannedAnswer {
  readonly status: number;
  readonly body: object;
}

export const AGREES: CannedAnswer = { status: 200, body: { messaging_product: 'whatsapp', success: true } };
export const CANNOT_BE_CALLED: CannedAnswer = {
  status: 400,
  body: { error: { message: 'Receiver uncallable', type: 'OAuthException', code: 138001, fbtrace_id: 'none' } },
};

/** A Graph that says the same to everything, in a thread of its own so that it does not delay who measures. */
export class CannedGraph {
  readonly url: string;
  readonly #worker: Worker;

  private constructor(worker: Worker, url: string) {
    this.#worker = worker;
    this.url = url;
  }

  static async start(answer: CannedAnswer): Promise<CannedGraph> {
    const worker = new Worker(new URL(import.meta.url), { workerData: answer });
    const [port] = (await once(worker, 'message')) as [number];
    return new CannedGraph(worker, `http://127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

if (!isMainThread) {
  const { status, body } = workerData as CannedAnswer;
  const text = JSON.stringify(body);
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end(text));
  });
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
}
