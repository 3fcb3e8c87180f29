import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createGraphClient, type GraphClient, type GraphClientOptions } from '../../src/signaling/index.ts';
import { ourDirectory } from './webhook.ts';

/** One scripted answer; `hang` never answers, `reset` cuts the connection once the request was read. */
export type ScriptedAnswer =
  | 'hang'
  | 'reset'
  | {
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Record<string, string>;
      readonly afterMs?: number;
      /** The connection is cut before the end of the body. */
      readonly cutOff?: boolean;
    };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Empty if the request had none, or none in JSON. */
  readonly body: Record<string, unknown>;
  /** The body as it came. */
  readonly bytes: Buffer;
}

/** A real HTTP server on the loopback that answers by a script; its last answer is repeated. */
export class GraphServer {
  readonly requests: SeenRequest[] = [];
  readonly connections = new Set<Socket>();
  /** Whether bodies in JSON are read; those that are none would throw. */
  readsJson = true;
  readonly #server: Server;
  #script: readonly ScriptedAnswer[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<GraphServer> {
    const server = createServer();
    const graph = new GraphServer(server);
    server.on('connection', (socket) => graph.connections.add(socket));
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const bytes = Buffer.concat(chunks);
        const isJson = graph.readsJson && bytes.length > 0 && (headers['content-type'] ?? '').includes('json');
        const body = isJson ? JSON.parse(bytes.toString('utf8')) : {};
        graph.requests.push({ method, path: url, headers, body, bytes });
        const answer = graph.#script[Math.min(graph.requests.length, graph.#script.length) - 1];
        if (answer === undefined || answer === 'hang') return;
        if (answer === 'reset') return void request.socket.resetAndDestroy();
        const text =
          typeof answer.body === 'string' || Buffer.isBuffer(answer.body) ? answer.body : JSON.stringify(answer.body);
        const send = () => {
          const headers = Object.entries({ 'content-type': 'application/json', ...answer.headers });
          response.writeHead(answer.status, Object.fromEntries(headers.filter(([, value]) => value !== '')));
          if (answer.cutOff !== true) return void response.end(text);
          response.write(text, () => request.socket.destroy());
        };
        if (answer.afterMs === undefined) send();
        else setTimeout(send, answer.afterMs);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return graph;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  answers(...script: readonly ScriptedAnswer[]): void {
    this.#script = script;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An address on which nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** Graph's error, in its envelope. `extra` goes into its error_data. */
export function graphRefusal(
  status: number,
  code: number,
  details = 'No',
  { headers = {}, extra = {} }: { headers?: Record<string, string>; extra?: Record<string, unknown> } = {},
): Exclude<ScriptedAnswer, string> {
  const data = { messaging_product: 'whatsapp', details, ...extra };
  const body = { error: { message: 'No', type: 'OAuthException', code, error_data: data, fbtrace_id: 'x' } };
  return { status, headers, body };
}

/** A client that speaks with this server for OUR_NUMBER, with a bearer token if nothing else is said. */
export function clientOf(graph: GraphServer, options: Partial<GraphClientOptions> = {}): GraphClient {
  const credentials = async () => ({ kind: 'bearer', secret: 'token-1' }) as const;
  return createGraphClient({
    baseUrl: graph.url,
    version: 'v24.0',
    directory: ourDirectory({ credentials }),
    timeoutMs: 2000,
    ...options,
  });
}
