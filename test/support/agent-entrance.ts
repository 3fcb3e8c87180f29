import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { WebSocket } from 'ws';
import {
  AgentLines,
  type AgentWire,
  type CallContext,
  createAgentWire,
  type DoorReport,
  ThreadDoor,
} from '../../src/agents/index.ts';
import type { RawAgent as RawTarget } from '../../src/call/index.ts';
import { agentCallUrl, attachAgentDoor, isWebsocketUpgrade } from '../../src/calls-api/doors/agent-door-routes.ts';
import { agentTarget } from './call.ts';
import { callContext } from './call-context.ts';
import { RawAgentConnection } from './raw-agent.ts';
import { RecordingWireListener, wireServices } from './wire-listener.ts';

/** The token that opens the line of the agent with the id `agent-1`. */
export const LINE_TOKEN = 'opens-the-line-of-agent-1';
const THREAD = 3;

/** Where agents come in that dial the bridge: an HTTP server, the lines behind it, and the door of one media thread. */
export class AgentEntrance {
  readonly door: ThreadDoor;
  readonly lines: AgentLines;
  readonly listener = new RecordingWireListener();
  readonly reports: DoorReport[] = [];
  /** Token and agent, as the main thread knows them. */
  readonly tokens = new Map([[LINE_TOKEN, { id: 'agent-1', name: 'Front desk' }]]);
  now = Date.UTC(2026, 10, 20, 12);
  readonly #server = Fastify({ http: { shouldUpgradeCallback: isWebsocketUpgrade } });
  readonly #sockets: WebSocket[] = [];
  readonly #wires: AgentWire[] = [];

  private constructor(idleMs?: number) {
    this.lines = new AgentLines({
      agentOf: (token) => this.tokens.get(token) ?? null,
      tellDoor: (thread, command) => {
        if (thread === THREAD) this.door.handle(structuredClone(command));
      },
      callUrl: agentCallUrl(null),
      now: () => this.now,
    });
    this.door = new ThreadDoor((report) => {
      this.reports.push(report);
      // Between threads, as messages go.
      queueMicrotask(() => this.lines.onDoor(THREAD, structuredClone(report)));
    });
    this.#server.post('/echo', async (request) => request.body);
    attachAgentDoor(this.#server, this.lines, idleMs);
  }

  /** `idleMs`: a call over which nothing was sent for so long is cut. */
  static async open(idleMs?: number): Promise<AgentEntrance> {
    const entrance = new AgentEntrance(idleMs);
    await entrance.door.open();
    await entrance.#server.listen({ host: '127.0.0.1', port: 0 });
    return entrance;
  }

  /** http:// */
  get origin(): string {
    return this.#server.listeningOrigin;
  }

  /** Tries to open a websocket; the answer's status if it was refused. */
  async websocket(url: string, token: string | null = null): Promise<WebSocket | number> {
    const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
    const socket = new WebSocket(url.replace(/^http/, 'ws'), ['talkwire.raw.v1'], { headers });
    this.#sockets.push(socket);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(socket));
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.once('error', reject);
    });
  }

  /** A line of the agent, once it heard `hello`. */
  async line(token = LINE_TOKEN): Promise<RawAgentConnection> {
    const headers = { Authorization: `Bearer ${token}` };
    const socket = new WebSocket(`${this.origin.replace(/^http/, 'ws')}/agents/v1/line`, { headers });
    this.#sockets.push(socket);
    const line = new RawAgentConnection(socket, '', {}, false);
    await line.hear('hello');
    return line;
  }

  /** Takes the next call of a line. */
  async take(line: RawAgentConnection): Promise<RawAgentConnection> {
    return this.dial(String((await line.hear('call'))['url']));
  }

  /** The agent's end of one call; it says ready when `start` came. */
  async dial(url: string): Promise<RawAgentConnection> {
    const socket = new WebSocket(url, ['talkwire.raw.v1'], { perMessageDeflate: true });
    this.#sockets.push(socket);
    const connection = new RawAgentConnection(socket, url, {}, true);
    await once(socket, 'open');
    return connection;
  }

  /** A wire to an agent that dials us, connected. */
  wire(differences: Partial<RawTarget> = {}, context: CallContext = callContext()): AgentWire {
    const target = agentTarget({ entry: { kind: 'wait', token: LINE_TOKEN }, ...differences });
    const wire = createAgentWire(target, context, this.listener, wireServices({ door: this.door }));
    this.#wires.push(wire);
    wire.connect();
    return wire;
  }

  /** What the server answers to these bytes, up to the end of the connection. */
  async answerTo(bytes: string | Uint8Array): Promise<string> {
    const socket = connect(Number(new URL(this.origin).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString('latin1');
    });
    socket.on('error', () => {});
    socket.end(bytes);
    await once(socket, 'close');
    return answer;
  }

  closeServer(): Promise<void> {
    return this.#server.close();
  }

  async close(): Promise<void> {
    for (const wire of this.#wires) wire.abort();
    for (const socket of this.#sockets) socket.terminate();
    this.door.close();
    await this.closeServer();
  }
}
