import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One scripted answer; `hang` never answers, `reset` cuts the connection once the request was read. */
export type ScriptedAnswer =
  | 'hang'
  | 'reset'
  | {
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Record<string, string>;
      readonly afterMs?: number;
    };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** A real HTTP server on the loopback that answers by a script; its last answer is repeated. */
export class GraphServer {
  readonly requests: SeenRequest[] = [];
  readonly connections = new Set<Socket>();
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
        graph.requests.push({ method, path: url, headers, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
        const answer = graph.#script[Math.min(graph.requests.length, graph.#script.length) - 1];
        if (answer === undefined || answer === 'hang') return;
        if (answer === 'reset') return void request.socket.resetAndDestroy();
        const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        const send = () => {
          response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
          response.end(text);
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
