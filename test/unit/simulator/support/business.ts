import { request } from 'undici';
import {
  type RungHandset,
  type RungHandsetListener,
  type SimulatedWhatsApp,
  type SimulatedWhatsAppOptions,
  startSimulatedWhatsApp,
} from '../../../../src/simulator/index.ts';
import { sdpAnswer } from '../../../support/sdp-answer.ts';
import { WebhookCatcher } from '../../../support/webhook-catcher.ts';

export const ANA = '14085550000';

/** What a business offers, as Meta takes it. */
export const OFFER = sdpAnswer({ 'a=setup': 'a=setup:actpass' });

export interface GraphAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A phone without media that keeps what happens to it. */
export class MuteRungHandset implements RungHandset {
  readonly answer = 'v=0\r\n';
  readonly listener: RungHandsetListener;
  readonly happened: string[] = [];

  constructor(listener: RungHandsetListener) {
    this.listener = listener;
  }

  pickedUp(): void {
    this.happened.push('picked up');
  }

  async close(): Promise<void> {
    this.happened.push('closed');
  }
}

/** A simulated WhatsApp whose webhooks only are caught. */
export async function startCaughtWhatsApp(changes: Partial<SimulatedWhatsAppOptions> = {}) {
  const catcher = await WebhookCatcher.start();
  const whatsapp = await startSimulatedWhatsApp({
    bridgeWebhookUrl: () => catcher.url,
    appSecret: 'app secret',
    phoneNumberId: '111',
    displayPhoneNumber: '15550001111',
    token: 'token',
    ...changes,
  });
  return { catcher, whatsapp };
}

/** A business of one program: catches webhooks, speaks with Graph, and never rings. */
export class Business {
  readonly catcher: WebhookCatcher;
  readonly whatsapp: SimulatedWhatsApp;

  private constructor(catcher: WebhookCatcher, whatsapp: SimulatedWhatsApp) {
    this.catcher = catcher;
    this.whatsapp = whatsapp;
  }

  static async start(changes: Partial<SimulatedWhatsAppOptions> = {}): Promise<Business> {
    const { catcher, whatsapp } = await startCaughtWhatsApp({ webhookRetryDelaysMs: [], ...changes });
    return new Business(catcher, whatsapp);
  }

  /** The events of all webhooks in order of arrival: those of calls, statuses, and types of messages. */
  get events(): unknown[] {
    return this.catcher.caught.flatMap(({ values }) => values.flatMap(eventsOf));
  }

  /** The call, status or message of the first webhook with this event. Waits for it. */
  async webhook(event: string): Promise<Record<string, unknown>> {
    for (let seen = 1; ; seen += 1) {
      const caught = await this.catcher.deliveries(seen);
      const entries = caught.flatMap(({ values }) => values.flatMap(entriesOf));
      const found = entries.find((entry) => nameOf(entry) === event);
      if (found !== undefined) return found;
    }
  }

  /** Calls a user; what is in `more` replaces fields of the body. */
  connect(more: Record<string, unknown> = {}, phoneNumberId = '111'): Promise<GraphAnswer> {
    const session = { sdp_type: 'offer', sdp: OFFER };
    return this.post(`${phoneNumberId}/calls`, {
      messaging_product: 'whatsapp',
      to: ANA,
      action: 'connect',
      session,
      ...more,
    });
  }

  /** The id of a call that Graph took. */
  async call(more: Record<string, unknown> = {}): Promise<string> {
    const { status, body } = await this.connect(more);
    if (status !== 200) throw new Error(`Graph refused: ${JSON.stringify(body)}`);
    return (body['calls'] as [{ id: string }])[0].id;
  }

  act(action: string, callId: string): Promise<GraphAnswer> {
    return this.post('111/calls', { messaging_product: 'whatsapp', call_id: callId, action });
  }

  /** Asks for permission, by a free-form message or by a template. */
  ask(how: 'free_form' | 'template', to = ANA): Promise<GraphAnswer> {
    const interactive = { type: 'call_permission_request', action: { name: 'call_permission_request' } };
    const content =
      how === 'free_form'
        ? { type: 'interactive', interactive }
        : { type: 'template', template: { name: 'may_we_call', language: { code: 'en_US' } } };
    return this.post('111/messages', { messaging_product: 'whatsapp', to, ...content });
  }

  post(path: string, body: unknown, timeoutMs = 5_000): Promise<GraphAnswer> {
    return this.#ask('POST', path, body, timeoutMs);
  }

  get(path: string): Promise<GraphAnswer> {
    return this.#ask('GET', path, null, 5_000);
  }

  async close(): Promise<void> {
    await this.whatsapp.close();
    await this.catcher.close();
  }

  async #ask(method: 'GET' | 'POST', path: string, body: unknown, timeoutMs: number): Promise<GraphAnswer> {
    const response = await request(`${this.whatsapp.graphUrl}/v24.0/${path}`, {
      method,
      headers: { authorization: 'Bearer token', ...(body === null ? {} : { 'content-type': 'application/json' }) },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.statusCode, body: (await response.body.json()) as Record<string, unknown> };
  }
}

/** The code of Graph's refusal. */
export function codeOf({ body }: GraphAnswer): unknown {
  return (body['error'] as Record<string, unknown> | undefined)?.['code'];
}

type Value = Record<string, unknown>;

function entriesOf(value: Value): Value[] {
  return ['calls', 'statuses', 'messages'].flatMap((list) => (value[list] as Value[] | undefined) ?? []);
}

function eventsOf(value: Value): unknown[] {
  return entriesOf(value).map(nameOf);
}

function nameOf(entry: Value): unknown {
  const interactive = entry['interactive'] as Value | undefined;
  return entry['event'] ?? entry['status'] ?? interactive?.['type'] ?? entry['type'];
}
