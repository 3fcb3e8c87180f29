import type { IncomingHttpHeaders } from 'node:http';
import type { WebSocket } from 'ws';
import { Mailbox } from './mailbox.ts';

export type Message = Record<string, unknown>;

/** The agent's end of one connection, whose script is the test: messages of a `type`, and sound. */
export abstract class AgentSocket<Sound> {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Every message so far, in order. */
  readonly messages: Message[] = [];
  protected readonly socket: WebSocket;
  protected readonly sounds = new Mailbox<Sound>();
  readonly #unheard = new Mailbox<Message>();

  constructor(socket: WebSocket, path: string, headers: IncomingHttpHeaders) {
    this.socket = socket;
    this.path = path;
    this.headers = headers;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('error', () => {});
    socket.on('message', (data: Buffer, isBinary) => this.take(data, isBinary));
  }

  text(text: string): void {
    this.socket.send(text);
  }

  /** The next message of this type; others that came before it are passed over. */
  async hear(type: string): Promise<Message> {
    for (;;) {
      const message = await this.#unheard.next();
      if (message['type'] === type) return message;
    }
  }

  hearSound(): Promise<Sound> {
    return this.sounds.next();
  }

  close(code?: number, reason?: string): void {
    this.socket.close(code, reason);
  }

  /** Gone without a close frame. */
  drop(): void {
    this.socket.terminate();
  }

  stopReading(): void {
    this.socket.pause();
  }

  /** Something came in. */
  protected abstract take(data: Buffer, isBinary: boolean): void;

  /** It was a message: for `messages` and `hear`. */
  protected keep(message: Message): void {
    this.messages.push(message);
    this.#unheard.push(message);
  }
}
