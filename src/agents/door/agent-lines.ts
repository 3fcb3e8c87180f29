import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WireSocket, type WireSocketListener } from '../net/wire-socket.ts';
import type { DoorCommand, DoorReport, LineMessage } from './messages.ts';
import { websocketUpgrade } from './upgrader.ts';

export interface AgentLinesOptions {
  /** The agent whose line this token opens; null if it opens none. Must not tell by its time how much was right. */
  readonly agentOf: (token: string) => LineAgent | null;
  /** Sends a command to the door of a media thread. */
  readonly tellDoor: (thread: number, command: DoorCommand) => void;
  /** Where the agent dials for one call. `host`: the Host header with which its line was opened. */
  readonly callUrl: (token: string, host: string | undefined) => string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface LineAgent {
  readonly id: string;
  readonly name: string;
}

/** One connection over which an agent waits for calls. */
interface Line {
  /** What opened it. */
  readonly token: string;
  readonly socket: WireSocket;
  readonly host: string | undefined;
}

/** A call that a media thread waits with, until an agent comes for it. */
interface Offer {
  readonly token: string;
  readonly thread: number;
  readonly port: number;
  readonly agentId: string;
  readonly key: string;
  readonly expiresAt: number;
  line: Line;
}

/** Agents have nothing to say on their lines but signs of life. */
const MAX_LINE_MESSAGE_BYTES = 64 * 1024;

/**
 * The lines of agents that dial us, kept in the main thread: an agent behind NAT holds one or more open, is told over it of
 * every call that is meant for it, and dials again for that call.
 */
export class AgentLines {
  readonly #options: AgentLinesOptions;
  readonly #upgrade = websocketUpgrade(MAX_LINE_MESSAGE_BYTES);
  /** The line at the front has the next call. */
  readonly #lines = new Map<string, Line[]>();
  readonly #offers = new Map<string, Offer>();
  #closed = false;

  constructor(options: AgentLinesOptions) {
    this.#options = options;
  }

  /** Whose line this token opens; null for nobody's. */
  admit(token: string): LineAgent | null {
    return this.#closed ? null : this.#options.agentOf(token);
  }

  /** Answers the request that opens a line with an admitted token, and keeps the line. */
  open(agent: LineAgent, token: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgrade(request, socket, head, (accepted) => {
      const listener: WireSocketListener = {
        onOpen: () => {},
        // Whatever it is, the socket took it for a sign of life.
        onText: () => {},
        onBinary: () => {},
        onEnd: () => this.#drop(agent.id, line),
      };
      const line = { token, host: request.headers.host, socket: WireSocket.adopt(accepted, listener, textPing) };
      const lines = this.#lines.get(agent.id) ?? [];
      this.#lines.set(agent.id, [...lines, line]);
      line.socket.watch();
      say(line, { type: 'hello', agent: { id: agent.id, name: agent.name } });
    });
  }

  /** Whether the agent has a line over which it can be told of calls. */
  isOpen(agentId: string): boolean {
    return this.#lines.has(agentId);
  }

  /** Agents were changed or deleted: lines that their tokens open no more are closed. */
  recheck(): void {
    for (const [agentId, lines] of [...this.#lines]) {
      for (const line of lines) if (!this.#isWelcome(agentId, line)) this.#expel(agentId, line);
    }
  }

  onDoor(thread: number, report: DoorReport): void {
    this.#forgetExpired();
    if (report.type === 'withdraw') return this.#withdraw(report.token);
    const { token, agentId, key, port, waitMs } = report;
    const line = this.#nextLine(agentId);
    if (line === null) return this.#options.tellDoor(thread, { type: 'absent', token });
    const expiresAt = this.#options.now() + waitMs;
    this.#make({ token, thread, port, agentId, key, expiresAt, line });
  }

  /** The port at which the call of this token waits. Answers once for each token; null if nobody waits. */
  portOf(token: string): number | null {
    this.#forgetExpired();
    const offer = this.#offers.get(token);
    this.#offers.delete(token);
    return offer?.port ?? null;
  }

  /** Closes every line and opens none any more. Resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    const lines = [...this.#lines.values()].flat();
    this.#lines.clear();
    this.#offers.clear();
    for (const { socket } of lines) socket.close(1001, 'the bridge goes away');
    await Promise.all(lines.map(({ socket }) => socket.closed));
  }

  #make(offer: Offer): void {
    this.#offers.set(offer.token, offer);
    const { line, token, key, expiresAt } = offer;
    const url = this.#options.callUrl(token, line.host);
    say(line, { type: 'call', call: { id: key }, url, expires_at: new Date(expiresAt).toISOString() });
  }

  #withdraw(token: string): void {
    const offer = this.#offers.get(token);
    if (offer === undefined) return;
    this.#offers.delete(token);
    say(offer.line, { type: 'call_withdrawn', call: { id: offer.key } });
  }

  /** What was offered over a line that is gone is offered over another one. */
  #drop(agentId: string, line: Line): void {
    const left = (this.#lines.get(agentId) ?? []).filter((each) => each !== line);
    if (left.length > 0) this.#lines.set(agentId, left);
    else this.#lines.delete(agentId);
    for (const offer of [...this.#offers.values()].filter((each) => each.line === line)) {
      const next = this.#nextLine(agentId);
      if (next !== null) {
        this.#make({ ...offer, line: next });
      } else {
        this.#offers.delete(offer.token);
        this.#options.tellDoor(offer.thread, { type: 'absent', token: offer.token });
      }
    }
  }

  /** The lines of an agent have their turns one after another. */
  #nextLine(agentId: string): Line | null {
    const [line, ...others] = this.#lines.get(agentId) ?? [];
    if (line === undefined) return null;
    if (this.#isWelcome(agentId, line)) {
      this.#lines.set(agentId, [...others, line]);
      return line;
    }
    this.#expel(agentId, line);
    return this.#nextLine(agentId);
  }

  #isWelcome(agentId: string, { token }: Line): boolean {
    return this.#options.agentOf(token)?.id === agentId;
  }

  /** The agent is gone from this bridge, or has another token by now. */
  #expel(agentId: string, line: Line): void {
    line.socket.close(1008, 'the token is not valid any more');
    this.#drop(agentId, line);
  }

  /** A media thread that died withdraws nothing. */
  #forgetExpired(): void {
    const now = this.#options.now();
    for (const { token, expiresAt } of this.#offers.values()) if (expiresAt <= now) this.#offers.delete(token);
  }
}

const textPing = () => JSON.stringify({ type: 'ping' } satisfies LineMessage);

function say({ socket }: Line, message: LineMessage): void {
  socket.sendJson(message);
}
