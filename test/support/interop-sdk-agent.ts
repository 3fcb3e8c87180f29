import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { TwilioRealtimeTransportLayer } from '@openai/agents-extensions';
import { RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';
import { type WebSocket, WebSocketServer } from 'ws';
import { FAKE_KEY } from './fake-realtime.ts';

interface TwilioMessage {
  readonly event: string;
  readonly media?: { readonly timestamp: string; readonly payload: string };
}

/** One call of the agent, as its process sees it. */
export interface SdkCall {
  /** What came over the media stream, in order. */
  readonly received: TwilioMessage[];
  /** Events of what it sent over it, in order. */
  readonly sent: string[];
  readonly errors: unknown[];
  readonly session: RealtimeSession;
}

/**
 * An agent as OpenAI's Agents SDK has them behind Twilio: a websocket server that gives each media stream a session of the
 * Realtime API at `realtimeUrl`. It lets the model speak first.
 */
export class SdkAgent {
  readonly calls: SdkCall[] = [];
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  readonly #realtimeUrl: string;

  private constructor(realtimeUrl: string) {
    this.#realtimeUrl = realtimeUrl;
    this.#server.on('connection', (socket) => this.#answer(socket));
  }

  static async start(realtimeUrl: string): Promise<SdkAgent> {
    const agent = new SdkAgent(realtimeUrl);
    await once(agent.#server, 'listening');
    return agent;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/media-stream`;
  }

  async stop(): Promise<void> {
    for (const { session } of this.calls) session.close();
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(socket: WebSocket): void {
    const transport = new TwilioRealtimeTransportLayer({
      twilioWebSocket: socket as never,
      url: this.#realtimeUrl,
    });
    const agent = new RealtimeAgent({ name: 'Reception', instructions: 'You answer the phone of a hotel.' });
    // As in the SDK's own example.
    const session = new RealtimeSession(agent, { transport, config: { audio: { output: { voice: 'verse' } } } });
    const call: SdkCall = { received: [], sent: [], errors: [], session };
    note(socket, call.sent);
    this.calls.push(call);
    session.on('error', ({ error }) => call.errors.push(error));
    session.on('transport_event', (event) => {
      if (event.type !== 'twilio_message') return;
      const { message } = event as unknown as { readonly message: TwilioMessage };
      call.received.push(message);
      if (message.event === 'start') void connected.then(() => transport.requestResponse());
    });
    const connected = session.connect({ apiKey: FAKE_KEY });
    connected.catch((error: unknown) => call.errors.push(error));
  }
}

/** Notes what is sent over the socket from now on. */
function note(socket: WebSocket, sent: string[]): void {
  const send = socket.send.bind(socket) as (text: string) => void;
  socket.send = ((text: string) => {
    sent.push((JSON.parse(text) as { readonly event: string }).event);
    send(text);
  }) as WebSocket['send'];
}
