import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { FakeConversation } from './fake-elevenlabs-conversation.ts';
import { Mailbox } from './mailbox.ts';

export interface FakeElevenLabsOptions {
  readonly agentId: string;
  /** Null: the agent is public. */
  readonly apiKey: string | null;
  /** `pcm_8000` … `pcm_48000`, `ulaw_8000`. */
  readonly agentFormat: string;
  readonly callerFormat: string;
  /** What it says first; null: it waits for the person. */
  readonly greeting: { readonly text: string; readonly hz: number; readonly ms: number } | null;
  /** Dynamic variables that its prompt names. */
  readonly variables: readonly string[];
  /** False: a conversation begins with the connection, whatever the client has to say. */
  readonly waits: boolean;
  /** The agent stays dumb: it was told of the call, and that was all. */
  readonly silent: boolean;
  readonly pingEveryMs: number;
  /** Answer the route for signed URLs with this status and body. */
  readonly signedUrlAnswer: { readonly status: number; readonly body: string } | null;
  /** Answer the upgrade with this HTTP status. */
  readonly refuseWith: number | null;
}

export const DEFAULT_OPTIONS: FakeElevenLabsOptions = {
  agentId: 'agent_fake',
  apiKey: null,
  agentFormat: 'pcm_16000',
  callerFormat: 'pcm_16000',
  greeting: { text: 'Hello, how can I help you?', hz: 440, ms: 600 },
  variables: [],
  waits: true,
  silent: false,
  pingEveryMs: 2_000,
  signedUrlAnswer: null,
  refuseWith: null,
};

const PATH = '/v1/convai/conversation';

/**
 * Stands in for ElevenLabs Agents: the route for signed URLs and the conversation's socket, on one port of loopback. Its
 * agent greets, says again what it heard, and lets itself be interrupted. The vendor's own client is its first test
 * (test/interop/elevenlabs).
 */
export class FakeElevenLabs {
  readonly options: { -readonly [K in keyof FakeElevenLabsOptions]: FakeElevenLabsOptions[K] };
  readonly conversations: FakeConversation[] = [];
  /** Headers of every request for a signed URL. */
  readonly signedUrlRequests: IncomingHttpHeaders[] = [];
  readonly #http = createServer((request, response) => this.#onRequest(request, response));
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => offered.has('convai') && 'convai',
  });
  readonly #next = new Mailbox<FakeConversation>();
  readonly #signatures = new Set<string>();

  constructor(options: Partial<FakeElevenLabsOptions> = {}) {
    this.options = { ...DEFAULT_OPTIONS, ...options };
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  static async start(options: Partial<FakeElevenLabsOptions> = {}): Promise<FakeElevenLabs> {
    const fake = new FakeElevenLabs(options);
    fake.#http.listen(0, '127.0.0.1');
    await once(fake.#http, 'listening');
    return fake;
  }

  /** http:// of the API. */
  get baseUrl(): string {
    return `http://${this.#host}`;
  }

  /** ws:// of the same. */
  get origin(): string {
    return `ws://${this.#host}`;
  }

  get #host(): string {
    return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** The next one that connects, in order. */
  conversation(): Promise<FakeConversation> {
    return this.#next.next();
  }

  async stop(): Promise<void> {
    for (const conversation of this.conversations) conversation.drop();
    this.#http.close();
    this.#http.closeAllConnections();
    if (this.#http.listening) await once(this.#http, 'close');
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.baseUrl);
    const answer = (status: number, body: string) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
    };
    if (request.method !== 'GET' || url.pathname !== `${PATH}/get-signed-url`) return answer(404, '{}');
    this.signedUrlRequests.push(request.headers);
    const { signedUrlAnswer, apiKey, agentId } = this.options;
    if (signedUrlAnswer !== null) return answer(signedUrlAnswer.status, signedUrlAnswer.body);
    if (request.headers['xi-api-key'] !== apiKey) return answer(401, '{"detail":{"status":"invalid_api_key"}}');
    if (url.searchParams.get('agent_id') !== agentId) return answer(404, '{"detail":{"status":"not_found"}}');
    const signature = `cvtkn_${this.#signatures.size}`;
    this.#signatures.add(signature);
    const signed = `${this.origin}${PATH}?agent_id=${agentId}&conversation_signature=${signature}`;
    answer(200, JSON.stringify({ signed_url: signed }));
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { refuseWith, agentId, apiKey } = this.options;
    const url = new URL(request.url ?? '/', this.baseUrl);
    const status = refuseWith ?? (url.pathname === PATH ? null : 404);
    if (status !== null) {
      socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (websocket) => {
      // A signature is good for one conversation.
      const allowed = apiKey === null || this.#signatures.delete(url.searchParams.get('conversation_signature') ?? '');
      if (url.searchParams.get('agent_id') !== agentId || !allowed) {
        websocket.close(3000, 'Could not authorize the conversation.');
        return;
      }
      const conversation = new FakeConversation(websocket, { ...this.options });
      this.conversations.push(conversation);
      this.#next.push(conversation);
    });
  }
}
