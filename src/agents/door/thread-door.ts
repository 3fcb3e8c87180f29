import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AgentDoor, Invitation } from '../agent.ts';
import { MAX_MESSAGE_BYTES } from '../net/wire-socket.ts';
import type { DoorCommand, DoorReport } from './messages.ts';
import { websocketUpgrade } from './upgrader.ts';

/**
 * The door of one media thread: a port of its own on loopback, to which the main thread splices the connections of agents
 * that dial us. Who knows the token of an invitation is let in, once.
 */
export class ThreadDoor implements AgentDoor {
  readonly #report: (message: DoorReport) => void;
  readonly #server = createServer((_request, response) => response.writeHead(404).end());
  readonly #upgrade = websocketUpgrade(MAX_MESSAGE_BYTES);
  readonly #invitations = new Map<string, Invitation>();
  #port: number | null = null;

  constructor(report: (message: DoorReport) => void) {
    this.#report = report;
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  /** Rejects if no port can be had. */
  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  invite(invitation: Invitation): () => void {
    const token = randomBytes(24).toString('base64url');
    this.#invitations.set(token, invitation);
    const { agentId, key, waitMs } = invitation;
    if (this.#port !== null) this.#report({ type: 'invite', token, agentId, key, port: this.#port, waitMs });
    // Whoever invites must have the way to withdraw before it hears of the outcome.
    else queueMicrotask(() => this.handle({ type: 'absent', token }));
    return () => {
      if (this.#invitations.delete(token)) this.#report({ type: 'withdraw', token });
    };
  }

  handle({ token }: DoorCommand): void {
    const invitation = this.#invitations.get(token);
    this.#invitations.delete(token);
    invitation?.onAbsent();
  }

  /** Nobody comes in any more; who is in stays. */
  close(): void {
    this.#port = null;
    this.#invitations.clear();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const token = request.url?.slice(1) ?? '';
    if (!this.#invitations.has(token)) {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () => socket.destroy());
      return;
    }
    this.#upgrade(request, socket, head, (accepted) => {
      const invitation = this.#invitations.get(token);
      this.#invitations.delete(token);
      invitation?.onSocket(accepted);
    });
  }
}
