import { randomBytes } from 'node:crypto';
import { type CallWorld, WhatsAppCall } from './call.ts';
import { FaultScript } from './fault-script.ts';
import { type Fault, parseFaults } from './faults.ts';
import type { GraphCallView } from './graph-rules.ts';
import { type GraphRequestRecord, type GraphServer, startGraphServer } from './graph-server.ts';
import { NETWORK_PROFILES } from './network/profiles.ts';
import { type PhoneOptions, SimulatedPhone } from './phone/simulated-phone.ts';
import { loadSpeech } from './phone/speech.ts';
import { SimulatedCall } from './simulated-call.ts';
import { WebhookSender } from './webhook-sender.ts';
import { webhookBody } from './webhooks.ts';
import {
  type CallOptions,
  type ResolvedOptions,
  type SimulatedWhatsAppOptions,
  userOf,
  withDefaults,
} from './whatsapp-options.ts';

export interface SimulatedWhatsApp {
  /** Base URL for the bridge's Graph client, without a version. */
  readonly graphUrl: string;
  /** Every request that Graph saw, oldest first. */
  readonly graphRequests: readonly GraphRequestRecord[];
  /** Calls that are not closed yet. */
  readonly liveCalls: number;
  /**
   * A user calls the number. Resolves when it rings, before the webhook is answered. Rejects if this user is in a call
   * already, a fault is not valid, the audio cannot be read or is empty, or this WhatsApp was closed.
   */
  call(options?: CallOptions): Promise<SimulatedCall>;
  /** Goes away without another word: no webhook is sent for calls that are live. */
  close(): Promise<void>;
}

/** Starts a WhatsApp on this desk. Rejects with the system's error if the port is taken. */
export async function startSimulatedWhatsApp(options: SimulatedWhatsAppOptions): Promise<SimulatedWhatsApp> {
  const whatsapp = new Desk(options);
  await whatsapp.start();
  return whatsapp;
}

/** So many ended calls are remembered, so that Graph can tell `ended` from `unknown`. */
const REMEMBERED_CALLS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
const NO_FAULTS = new FaultScript([]);

class Desk implements SimulatedWhatsApp {
  readonly #options: ResolvedOptions;
  readonly #faults: readonly Fault[];
  readonly #sender: WebhookSender;
  readonly #abort = new AbortController();
  readonly #calls = new Map<string, WhatsAppCall>();
  readonly #past = new Map<string, GraphCallView>();
  readonly #busy = new Set<string>();
  #server: GraphServer | null = null;
  #placed = 0;

  constructor(options: SimulatedWhatsAppOptions) {
    this.#options = withDefaults(options);
    this.#faults = parseFaults(this.#options.faults);
    this.#sender = new WebhookSender({
      url: this.#options.bridgeWebhookUrl,
      appSecret: this.#options.appSecret,
      timeoutMs: this.#options.webhookTimeoutMs,
      retryDelaysMs: this.#options.webhookRetryDelaysMs,
    });
  }

  get graphUrl(): string {
    return this.#server?.url ?? '';
  }

  get graphRequests(): readonly GraphRequestRecord[] {
    return this.#server?.requests ?? [];
  }

  get liveCalls(): number {
    return this.#calls.size;
  }

  async start(): Promise<void> {
    const { host, port, phoneNumberId, token, g711, graphLatencyMs } = this.#options;
    this.#server = await startGraphServer(
      { host, port, phoneNumberId, token, rules: { g711 }, latencyMs: graphLatencyMs },
      {
        find: (callId) => this.#calls.get(callId) ?? this.#past.get(callId) ?? null,
        fate: ({ callId, action }) => (this.#calls.get(callId)?.script ?? NO_FAULTS).graph(action),
        perform: (request) => this.#calls.get(request.callId)?.perform(request),
      },
    );
  }

  async call(options: CallOptions = {}): Promise<SimulatedCall> {
    if (this.#abort.signal.aborted) throw new Error('The simulated WhatsApp is closed.');
    const placed = this.#placed;
    this.#placed += 1;
    const user = userOf(options.user, placed);
    const userKey = user.waId ?? user.userId ?? '';
    if (this.#busy.has(userKey)) throw new Error('This user is in a call with this number already (138003).');
    this.#busy.add(userKey);
    const callId = `wacid.${randomBytes(24).toString('base64url')}`;
    try {
      const script = new FaultScript([...this.#faults, ...parseFaults(options.faults ?? [])]);
      const about = {
        callId,
        phoneNumberId: this.#options.phoneNumberId,
        displayPhoneNumber: this.#options.displayPhoneNumber,
        user,
        ctaPayload: options.ctaPayload ?? null,
        deeplinkPayload: options.deeplinkPayload ?? null,
        withContacts: options.withContacts ?? true,
      };
      const call = new WhatsAppCall(about, script, this.#world(userKey, options));
      this.#calls.set(callId, call);
      return await this.#ring(call, options, placed);
    } catch (error) {
      this.#calls.delete(callId);
      this.#busy.delete(userKey);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#sender.close();
    for (const call of this.#calls.values()) call.hangUp();
    try {
      await Promise.all(Array.from(this.#calls.values(), (call) => call.waitFor('closed', CLOSE_TIMEOUT_MS)));
    } finally {
      await this.#server?.close();
    }
  }

  async #ring(call: WhatsAppCall, options: CallOptions, placed: number): Promise<SimulatedCall> {
    if (options.handset !== undefined) {
      await call.ring(options.handset);
      return new SimulatedCall(call, null);
    }
    const phone = new SimulatedPhone(await this.#phoneOptions(options, call.script, placed));
    await call.ring((listener) => phone.open(listener));
    return new SimulatedCall(call, phone);
  }

  #world(userKey: string, options: CallOptions): CallWorld {
    return {
      signal: this.#abort.signal,
      acceptTimeoutMs: this.#options.acceptTimeoutMs,
      connectAgeMs: options.connectAgeMs ?? 0,
      deliver: (values) => this.#sender.deliver(webhookBody(this.#options.businessAccountId, values)),
      onEnded: () => this.#busy.delete(userKey),
      onClosed: ({ callId, phase }) => {
        this.#calls.delete(callId);
        this.#past.set(callId, { phase, answer: null });
        if (this.#past.size <= REMEMBERED_CALLS) return;
        for (const oldest of this.#past.keys()) {
          this.#past.delete(oldest);
          break;
        }
      },
    };
  }

  async #phoneOptions(options: CallOptions, script: FaultScript, placed: number): Promise<PhoneOptions> {
    const profile = options.profile === undefined ? this.#options.profile : options.profile;
    const audio = options.audio ?? null;
    return {
      host: this.#options.host,
      profile: profile === null ? null : NETWORK_PROFILES[profile],
      // Each call of a run meets its own weather, and the same one in each run.
      seed: options.seed ?? this.#options.seed + placed,
      mediaOnly: this.#options.mediaOnly,
      deaf: script.iceNeverConnects,
      cuts: script.networkCuts,
      speech: audio === null ? null : await loadSpeech(audio),
      loop: options.loop ?? false,
      firstMediaTimeoutMs: this.#options.firstMediaTimeoutMs,
      mediaGapTimeoutMs: this.#options.mediaGapTimeoutMs,
    };
  }
}
