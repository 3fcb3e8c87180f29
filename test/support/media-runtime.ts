import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Mouth } from '../../src/simulator/phone/mouth.ts';
import { phoneClock } from '../../src/simulator/phone/phone-clock.ts';
import { loadSpeech } from '../../src/simulator/phone/speech.ts';
import { type Leg, openAnsweringLeg } from '../../src/webrtc/index.ts';
import { LegLog, loopback } from './leg-pair.ts';

/** What a launch brings (kapso-api.md §8), as far as a runtime needs it. */
export interface LaunchBody {
  readonly kind: string;
  readonly webhook: unknown;
  readonly whatsapp_token: string;
  readonly phone_number_id: string;
  readonly context: { readonly call: Readonly<Record<string, unknown>> } & Readonly<Record<string, unknown>>;
}

interface Offered {
  readonly id: string;
  readonly session: { readonly sdp: string };
}

/**
 * A runtime written for Kapso's launch contract: it is told of a call over HTTP, and answers it itself, with media of its own
 * and through Graph, out of nothing but what the launch brought.
 */
export class MediaRuntime {
  /** What launches are answered with. */
  status = 200;
  /** Launches are taken and never answered. */
  hangs = false;
  /** Whether it picks up, and what it then says, 16 kHz; null: it lets the phone ring. */
  says: Int16Array | null = null;
  readonly launches: { readonly headers: IncomingHttpHeaders; readonly body: LaunchBody }[] = [];
  readonly #graphUrl: string;
  readonly #closing: (() => unknown)[] = [];
  readonly #http = createServer(async (request, response) => {
    const { body } = (await json(request)) as { readonly body: LaunchBody };
    this.launches.push({ headers: request.headers, body });
    if (this.hangs) return;
    response.writeHead(this.status, { 'content-type': 'application/json' }).end('{"sessionId":"one"}');
    if (this.status === 200 && this.says !== null) await this.#pickUp(body, this.says);
  });

  private constructor(graphUrl: string) {
    this.#graphUrl = graphUrl;
  }

  static async start(graphUrl: string): Promise<MediaRuntime> {
    const runtime = new MediaRuntime(graphUrl);
    runtime.#http.listen(0, '127.0.0.1');
    await once(runtime.#http, 'listening');
    return runtime;
  }

  get startUrl(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/start`;
  }

  async stop(): Promise<void> {
    this.#http.close();
    this.#http.closeAllConnections();
    await Promise.all(this.#closing.map((close) => close()));
  }

  async #pickUp(body: LaunchBody, says: Int16Array): Promise<void> {
    const { id, session } = offerIn(body.webhook);
    const log = new LegLog();
    const leg = await openAnsweringLeg(session.sdp, loopback(), log);
    this.#closing.push(() => leg.close());
    const answer = { call_id: id, session: { sdp_type: 'answer', sdp: leg.localSdp } };
    await this.#act(body, { action: 'pre_accept', ...answer });
    await log.until(({ connected }) => connected > 0);
    await this.#act(body, { action: 'accept', ...answer });
    await this.#speak(leg, says);
  }

  async #speak(leg: Leg, says: Int16Array): Promise<void> {
    const mouth = new Mouth(await loadSpeech(says), false);
    leg.ungate();
    this.#closing.push(
      phoneClock.add(() => {
        const { packet, first } = mouth.next();
        leg.sendAudio(packet, first);
      }),
    );
  }

  async #act({ whatsapp_token, phone_number_id }: LaunchBody, action: object): Promise<void> {
    const answer = await fetch(`${this.#graphUrl}/v24.0/${phone_number_id}/calls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${whatsapp_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messaging_product: 'whatsapp', ...action }),
    });
    if (!answer.ok) throw new Error(`Graph answered the runtime with ${answer.status}`);
  }
}

/** The one call of Meta's raw body. */
export function offerIn(webhook: unknown): Offered {
  const { entry } = webhook as { entry: { changes: { value: { calls: Offered[] } }[] }[] };
  const calls = entry.flatMap(({ changes }) => changes.flatMap(({ value }) => value.calls));
  if (calls.length !== 1 || calls[0] === undefined) throw new Error(`a launch is of one call, not of ${calls.length}`);
  return calls[0];
}
