import { request } from 'undici';
import { type Leg, openAnsweringLeg } from '../../src/webrtc/index.ts';
import { WebhookCatcher } from './webhook-catcher.ts';

/** What a bridge may do wrong, or leave undone. */
export interface MiniBridgeManners {
  /** Sends back each packet that it hears. Without it the bridge is silent. */
  readonly echo: boolean;
  /** Opens the gate as soon as media is up, before accept. */
  readonly speaksEarly?: boolean;
  /** Accepts without waiting for media. */
  readonly acceptsAtOnce?: boolean;
}

const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);

/** The least bridge there can be: takes one call's webhook, answers it through Graph, and echoes at the level of packets. */
export class MiniBridge {
  readonly dtmf: string[] = [];
  readonly failures: string[] = [];
  readonly #webhooks: WebhookCatcher;
  readonly #graphUrl: () => string;
  readonly #manners: MiniBridgeManners;
  #leg: Leg | null = null;
  #connected: () => void = () => {};
  readonly #mediaUp = new Promise<void>((resolve) => {
    this.#connected = resolve;
  });

  private constructor(webhooks: WebhookCatcher, graphUrl: () => string, manners: MiniBridgeManners) {
    this.#webhooks = webhooks;
    this.#graphUrl = graphUrl;
    this.#manners = manners;
  }

  static async start(graphUrl: () => string, manners: MiniBridgeManners): Promise<MiniBridge> {
    return new MiniBridge(await WebhookCatcher.start(), graphUrl, manners);
  }

  get url(): string {
    return this.#webhooks.url;
  }

  get webhooks(): WebhookCatcher {
    return this.#webhooks;
  }

  get leg(): Leg {
    if (this.#leg === null) throw new Error('no call was answered');
    return this.#leg;
  }

  /** Waits for the first connect webhook and takes the call. Resolves when accept was answered. */
  async answer(): Promise<void> {
    const [caught] = await this.#webhooks.deliveries(1);
    const call = caught?.values[0]?.calls[0] as { id: string; session: { sdp: string } };
    const leg = await openAnsweringLeg(
      call.session.sdp,
      { portRange: null, announcedIp: null, bindAddresses: ['127.0.0.1'], ipv6: false, iceServers: [] },
      {
        onConnected: () => this.#connected(),
        onFailed: (code) => this.failures.push(code),
        onAudio: (payload) => {
          if (this.#manners.echo) this.leg.sendAudio(Uint8Array.from(payload), false);
        },
        onDtmf: (digit) => this.dtmf.push(digit),
        onActivity: () => {},
        onBye: () => {},
      },
    );
    this.#leg = leg;
    if (!this.#manners.acceptsAtOnce) {
      await this.#act(call.id, 'pre_accept', leg.localSdp);
      await this.#mediaUp;
    }
    if (this.#manners.speaksEarly) {
      leg.ungate();
      for (let n = 0; n < 5; n += 1) leg.sendAudio(SILENCE, false);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.#act(call.id, 'accept', leg.localSdp);
    leg.ungate();
  }

  async terminate(callId: string): Promise<void> {
    await this.#act(callId, 'terminate', null);
  }

  async close(): Promise<void> {
    await this.#leg?.close();
    await this.#webhooks.close();
  }

  async #act(callId: string, action: string, sdp: string | null): Promise<void> {
    const session = sdp === null ? {} : { session: { sdp_type: 'answer', sdp } };
    const response = await request(`${this.#graphUrl()}/v24.0/111/calls`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer token' },
      body: JSON.stringify({ messaging_product: 'whatsapp', call_id: callId, action, ...session }),
    });
    const text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(`${action} was refused: ${text}`);
  }
}
