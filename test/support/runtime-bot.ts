import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Leg, openAnsweringLeg } from '../../src/webrtc/index.ts';

/** A bot that answers calls by itself, as one written for Kapso does (kapso-api.md §8). Its script is the test. */
export class RuntimeBot {
  readonly #http: Server;
  readonly #graphUrl: string;
  readonly #launched: Launched[] = [];

  private constructor(graphUrl: string) {
    this.#graphUrl = graphUrl;
    this.#http = createServer((request, response) => void this.#take(request, response));
  }

  static async start(graphUrl: string): Promise<RuntimeBot> {
    const bot = new RuntimeBot(graphUrl);
    bot.#http.listen(0, '127.0.0.1');
    await once(bot.#http, 'listening');
    return bot;
  }

  /** Its start route. */
  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/start`;
  }

  /** Launches without an answer, and legs. */
  get openCount(): number {
    return this.#launched.filter(({ open }) => open).length;
  }

  /** Resolves once it was asked to take this call. */
  async launched(call: { readonly callId: string }): Promise<Launched> {
    for (;;) {
      const [found] = this.launchesOf(call.callId);
      if (found !== undefined) return found;
      await delay(10);
    }
  }

  launchesOf(callId: string): readonly Launched[] {
    return this.#launched.filter((launched) => launched.callId === callId);
  }

  async stop(): Promise<void> {
    for (const launched of this.#launched) await launched.leave();
    this.#http.close();
    this.#http.closeAllConnections();
    if (this.#http.listening) await once(this.#http, 'close');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { body } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly body: WhatsAppConnect };
    this.#launched.push(new Launched(body, this.#graphUrl, response));
  }
}

/** What such a bot reads of what it is launched with. */
interface WhatsAppConnect {
  readonly kind: 'whatsapp_connect';
  readonly whatsapp_token: string;
  readonly phone_number_id: string;
  readonly webhook: { readonly entry: readonly [{ readonly changes: readonly [{ readonly value: CallsValue }] }] };
}

interface CallsValue {
  readonly calls: readonly [{ readonly id: string; readonly session: { readonly sdp: string } }];
}

/** One launch. Leg and Graph are the bot's own. */
export class Launched {
  readonly callId: string;
  /** Resolves with the first sound of the phone. */
  readonly heard: Promise<void>;
  readonly #given: WhatsAppConnect;
  readonly #graphUrl: string;
  readonly #response: ServerResponse;
  readonly #offer: string;
  #onHeard: () => void = () => {};
  #leg: Leg | null = null;

  constructor(given: WhatsAppConnect, graphUrl: string, response: ServerResponse) {
    this.#given = given;
    this.#graphUrl = graphUrl;
    this.#response = response;
    const [{ id, session }] = given.webhook.entry[0].changes[0].value.calls;
    this.callId = id;
    this.#offer = session.sdp;
    this.heard = new Promise((resolve) => {
      this.#onHeard = resolve;
    });
  }

  get open(): boolean {
    return this.#leg !== null || !(this.#response.writableEnded || this.#response.destroyed);
  }

  /** Tells the bridge, by HTTP status, whether it takes the call. */
  answer(status: number): void {
    this.#response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  }

  async preAccept(): Promise<void> {
    const ignore = () => {};
    this.#leg = await openAnsweringLeg(
      this.#offer,
      { portRange: null, announcedIp: null, bindAddresses: ['127.0.0.1'], ipv6: false, iceServers: [] },
      {
        onConnected: ignore,
        onFailed: ignore,
        onAudio: () => this.#onHeard(),
        onDtmf: ignore,
        onActivity: ignore,
        onBye: ignore,
      },
    );
    await this.#ask('pre_accept');
  }

  async accept(): Promise<void> {
    await this.#ask('accept');
    this.#leg?.ungate();
  }

  /** Closes what it has of the call. */
  async leave(): Promise<void> {
    this.#response.destroy();
    await this.#leg?.close();
    this.#leg = null;
  }

  async #ask(action: 'pre_accept' | 'accept'): Promise<void> {
    const { whatsapp_token: token, phone_number_id: number } = this.#given;
    const session = { sdp_type: 'answer', sdp: this.#leg?.localSdp };
    const response = await fetch(`${this.#graphUrl}/v24.0/${number}/calls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messaging_product: 'whatsapp', call_id: this.callId, action, session }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Graph refused ${action} of the runtime: ${text}`);
  }
}
