import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CaughtWebhook {
  readonly at: number;
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  /** `value` of each change, in order. */
  readonly values: readonly WebhookValue[];
}

export interface WebhookValue {
  readonly calls: readonly Record<string, unknown>[];
  readonly contacts?: readonly Record<string, unknown>[];
  readonly errors?: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}

/** A bridge that only takes webhooks: keeps them, and answers with the statuses it was given, then 200. */
export class WebhookCatcher {
  readonly caught: CaughtWebhook[] = [];
  readonly #statuses: number[];
  readonly #server: Server;
  readonly #waiting: (() => void)[] = [];

  private constructor(statuses: readonly number[]) {
    this.#statuses = [...statuses];
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const raw = Buffer.concat(chunks);
        const body = JSON.parse(raw.toString()) as { entry: { changes: { value: WebhookValue }[] }[] };
        const values = body.entry.flatMap((entry) => entry.changes.map((change) => change.value));
        this.caught.push({ at: performance.now(), headers: request.headers, raw, values });
        response.statusCode = this.#statuses.shift() ?? 200;
        response.end();
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  static async start(statuses: readonly number[] = []): Promise<WebhookCatcher> {
    const catcher = new WebhookCatcher(statuses);
    catcher.#server.listen(0, '127.0.0.1');
    await once(catcher.#server, 'listening');
    return catcher;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhook`;
  }

  /** The calls' events in order of arrival, such as ['connect', 'terminate']; a batch counts each. */
  get events(): unknown[] {
    return this.caught.flatMap(({ values }) => values.flatMap((value) => value.calls.map((call) => call['event'])));
  }

  /** Resolves when `count` deliveries have come. */
  async deliveries(count: number): Promise<readonly CaughtWebhook[]> {
    while (this.caught.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.caught;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
