import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type AgentWire, type CallContext, createAgentWire, type WireServices } from '../../src/agents/index.ts';
import type { TwilioAgent as TwilioTarget } from '../../src/call/index.ts';
import { callContext } from './call-context.ts';
import { Mailbox } from './mailbox.ts';
import { RecordingWireListener, wireServices } from './wire-listener.ts';

export const ACCOUNT_SID = 'AC0123456789abcdef0123456789abcdef';
export const AUTH_TOKEN = 'the-auth-token';

export function twilioTarget(differences: Partial<TwilioTarget> = {}): TwilioTarget {
  return {
    id: 'agent-t',
    name: 'Twilio bot',
    wire: 'twilio',
    entry: { kind: 'stream', url: 'ws://agent.test/' },
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    connectTimeoutMs: 5_000,
    speakWithinMs: null,
    maxConcurrentCalls: null,
    parameters: {},
    ...differences,
  };
}

export interface StreamMessage {
  readonly event: string;
  readonly sequenceNumber?: string;
  readonly streamSid?: string;
  readonly start?: Readonly<Record<string, unknown>> & { readonly customParameters: Record<string, string> };
  readonly media?: {
    readonly track: string;
    readonly chunk: string;
    readonly timestamp: string;
    readonly payload: string;
  };
  readonly mark?: { readonly name: string };
  readonly dtmf?: unknown;
  readonly stop?: unknown;
}

export interface WebhookRequest {
  readonly method: string;
  /** As the agent's framework would rebuild it. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: Readonly<Record<string, string>>;
}

export interface WebhookAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string | Uint8Array;
}

/** A Twilio bot whose script is the test: a websocket and a web server on one port of loopback. */
export class TwilioBot {
  /** Answers what is asked of the web server; by path. */
  readonly pages = new Map<
    string,
    WebhookAnswer | ((request: WebhookRequest) => WebhookAnswer | Promise<WebhookAnswer>)
  >();
  readonly asked: WebhookRequest[] = [];
  /** Answer the upgrade with this HTTP status in place of taking it. */
  refuseWith: number | null = null;
  /** Take the connection and never answer the upgrade. */
  silent = false;
  readonly #http = createServer((request, response) => {
    void this.#answer(request).then(({ status = 200, type = 'text/xml', body }) => {
      response.writeHead(status, { 'Content-Type': type }).end(body);
    });
  });
  readonly #streams = new Mailbox<BotStream>();
  readonly #dials = new Mailbox<null>();
  readonly #all: BotStream[] = [];

  static async start(): Promise<TwilioBot> {
    const bot = new TwilioBot();
    const sockets = new WebSocketServer({ noServer: true });
    bot.#http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => {});
      bot.#dials.push(null);
      if (bot.silent) return;
      if (bot.refuseWith !== null) {
        socket.end(`HTTP/1.1 ${bot.refuseWith} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (websocket) => {
        const stream = new BotStream(websocket, request.url ?? '');
        bot.#all.push(stream);
        bot.#streams.push(stream);
      });
    });
    bot.#http.listen(0, '127.0.0.1');
    await once(bot.#http, 'listening');
    return bot;
  }

  get host(): string {
    return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get streamUrl(): string {
    return `ws://${this.host}/stream`;
  }

  get webhookUrl(): string {
    return `http://${this.host}/voice`;
  }

  get streamCount(): number {
    return this.#all.length;
  }

  /** The document that the webhook answers with: what is in `<Response>`. */
  says(twiml: string, path = '/voice'): void {
    this.pages.set(path, { body: `<?xml version="1.0" encoding="UTF-8"?><Response>${twiml}</Response>` });
  }

  /** The next connection of the bridge, in order. */
  stream(): Promise<BotStream> {
    return this.#streams.next();
  }

  /** The next time that somebody asks for a websocket, whatever becomes of it. */
  async dialled(): Promise<void> {
    await this.#dials.next();
  }

  async stop(): Promise<void> {
    for (const stream of this.#all) stream.drop();
    this.#http.close();
    this.#http.closeAllConnections();
    if (this.#http.listening) await once(this.#http, 'close');
  }

  async #answer(incoming: IncomingMessage): Promise<WebhookAnswer> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = {
      method: incoming.method ?? '',
      url: `http://${incoming.headers.host}${incoming.url}`,
      headers: incoming.headers,
      form: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())),
    };
    this.asked.push(request);
    const page = this.pages.get(new URL(request.url).pathname) ?? { status: 404, body: '' };
    return typeof page === 'function' ? page(request) : page;
  }
}

export class BotStream {
  readonly path: string;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Every message so far, in order. */
  readonly messages: StreamMessage[] = [];
  readonly socket: WebSocket;
  readonly #unread = new Mailbox<StreamMessage>();

  constructor(socket: WebSocket, path: string) {
    this.socket = socket;
    this.path = path;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as StreamMessage;
      this.messages.push(message);
      this.#unread.push(message);
    });
  }

  get events(): string[] {
    return this.messages.map(({ event }) => event);
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  sound(ulaw: Uint8Array): void {
    this.say({ event: 'media', streamSid: 'MZ', media: { payload: Buffer.from(ulaw).toString('base64') } });
  }

  mark(name: string): void {
    this.say({ event: 'mark', streamSid: 'MZ', mark: { name } });
  }

  /** The next message of this event; others that came before it are passed over. */
  async hear(event: string): Promise<StreamMessage> {
    for (;;) {
      const message = await this.#unread.next();
      if (message.event === event) return message;
    }
  }

  /** Gone without a close frame. */
  drop(): void {
    this.socket.terminate();
  }
}

/** Calls over the twilio wire with one scripted bot. */
export class TwilioCalls {
  readonly bot: TwilioBot;
  readonly listener = new RecordingWireListener();
  readonly warned: string[] = [];
  readonly #wires: AgentWire[] = [];

  private constructor(bot: TwilioBot) {
    this.bot = bot;
  }

  static async start(): Promise<TwilioCalls> {
    return new TwilioCalls(await TwilioBot.start());
  }

  /** Dials the bot's stream, or whatever the target says. */
  dial(
    target: Partial<TwilioTarget> = {},
    context: CallContext = callContext(),
    services: Partial<WireServices> = {},
  ): AgentWire {
    const entry = { kind: 'stream', url: this.bot.streamUrl } as const;
    const wire = createAgentWire(
      twilioTarget({ entry, ...target }),
      context,
      this.listener,
      wireServices({ warn: (message) => void this.warned.push(message), ...services }),
    );
    this.#wires.push(wire);
    wire.connect();
    return wire;
  }

  /** Dials the bot's webhook, which answers with this document. */
  dialWebhook(twiml: string, target: Partial<TwilioTarget> = {}, context: CallContext = callContext()): AgentWire {
    this.bot.says(twiml);
    return this.dial({ entry: { kind: 'webhook', url: this.bot.webhookUrl }, ...target }, context);
  }

  /** The stream is open. */
  async ready(target: Partial<TwilioTarget> = {}): Promise<{ wire: AgentWire; stream: BotStream }> {
    const wire = this.dial(target);
    const stream = await this.bot.stream();
    await this.listener.next('ready');
    return { wire, stream };
  }

  /** The person is on the line, and the bot knows. */
  async answered(target: Partial<TwilioTarget> = {}): Promise<{ wire: AgentWire; stream: BotStream }> {
    const call = await this.ready(target);
    call.wire.start();
    await call.stream.hear('start');
    return call;
  }

  async stop(): Promise<void> {
    for (const wire of this.#wires) wire.abort();
    await this.bot.stop();
  }
}
