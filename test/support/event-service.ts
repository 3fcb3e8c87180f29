import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AGREES, CannedGraph } from '../load/support/canned-graph.ts';
import { API_KEY, bridgeEnvironment } from './bridge.ts';
import { DialProcess } from './dial-process.ts';
import { freePort } from './free-port.ts';
import { metaHeaders } from './webhook.ts';

const CHILD = fileURLToPath(new URL('./event-process-child.ts', import.meta.url));
const APP_SECRET = 'app-secret-of-the-event-test';
const AGAIN_MS = 40;

/** The real service without sound, which is killed and stands up again at the same address with the same database. */
export class EventService {
  kills = 0;
  readonly url: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #graph: CannedGraph;
  #running: DialProcess;
  #next: DialProcess;

  private constructor(environment: Readonly<Record<string, string>>, folder: string, graph: CannedGraph, port: number) {
    this.#environment = environment;
    this.#folder = folder;
    this.#graph = graph;
    this.url = `http://127.0.0.1:${port}`;
    this.#running = this.#spare();
    this.#next = this.#spare();
  }

  static async start(): Promise<EventService> {
    const folder = mkdtempSync(join(tmpdir(), 'talkwire-events-'));
    const graph = await CannedGraph.start(AGREES);
    const port = await freePort();
    const more = {
      TALKWIRE_PORT: String(port),
      TALKWIRE_WEBHOOKS_PRIVATE: 'on',
      TALKWIRE_MAX_CALLS: '500',
      TALKWIRE_RATE_LIMIT: '0',
    };
    const setting = {
      folder,
      app: APP_SECRET,
      token: 'a-token',
      graphUrl: graph.url,
      agentUrl: 'ws://127.0.0.1:9',
      more,
    };
    const service = new EventService(bridgeEnvironment(setting), folder, graph, port);
    await service.#running.start();
    return service;
  }

  /** kill -9, and the next process is up again when this resolves. */
  async killAndRestart(): Promise<void> {
    this.#running.kill();
    await this.#running.gone;
    this.kills += 1;
    this.#running = this.#next;
    this.#next = this.#spare();
    await this.#running.start();
  }

  /** Posts a webhook as Meta does: again and again, until it is answered 200. */
  async deliver(body: string): Promise<void> {
    const headers = { 'content-type': 'application/json', ...metaHeaders(Buffer.from(body), APP_SECRET) };
    const post = async () => await fetch(`${this.url}/webhooks/whatsapp`, { method: 'POST', headers, body });
    while ((await statusOf(post)) !== 200) await sleep(AGAIN_MS);
  }

  /** Asks the API, and again while nobody is there. */
  async ask<T>(path: string, method = 'GET', body?: object): Promise<T> {
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    for (;;) {
      try {
        const response = await fetch(`${this.url}${path}`, {
          method,
          headers,
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        if (!response.ok) throw new Refusal(`${method} ${path}: ${response.status} ${text}`);
        return JSON.parse(text) as T;
      } catch (fault) {
        if (fault instanceof Refusal) throw fault;
        await sleep(AGAIN_MS);
      }
    }
  }

  async close(): Promise<void> {
    for (const process of [this.#running, this.#next]) {
      process.kill();
      await process.gone;
    }
    await this.#graph.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spare(): DialProcess {
    return new DialProcess(this.#environment, CHILD);
  }
}

class Refusal extends Error {}

async function statusOf(post: () => Promise<Response>): Promise<number | null> {
  try {
    const response = await post();
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}
