import { randomUUID } from 'node:crypto';
import { makeAttempt } from './delivery-attempt.ts';
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import type { EventType } from './event-types.ts';
import { META_SAMPLE } from './meta-sample.ts';
import type { Attempt, EventDesk, Webhook } from './ports.ts';
import { sampleOf } from './samples.ts';

export type DeliveryDeskOptions = Omit<DispatcherOptions, 'random' | 'onStanding'> &
  Partial<Pick<DispatcherOptions, 'random' | 'onStanding'>>;

/** For sends that are under way when the service stops. */
const LAST_SENDS_MS = 3_000;

/** Sends what was emitted, and samples. */
export class DeliveryDesk implements EventDesk {
  readonly #options: DeliveryDeskOptions;
  readonly #dispatcher: Dispatcher;
  #started = false;

  constructor(options: DeliveryDeskOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher({ random: Math.random, onStanding: () => {}, ...options });
  }

  /** Begins with what was left from before. */
  start(): void {
    this.#started = true;
    this.#options.queue.onChange((webhookId) => this.#dispatcher.look(webhookId));
    this.wake();
  }

  wake(): void {
    if (!this.#started) return;
    for (const id of this.#options.webhooks.ids()) this.#dispatcher.look(id);
  }

  async test(webhook: Webhook, type: EventType): Promise<Attempt> {
    const { webhooks, clock } = this.#options;
    const isMeta = webhook.kind === 'meta';
    const sample = { type: isMeta ? ('meta' as const) : type, body: isMeta ? META_SAMPLE : sampleOf(type) };
    const ids = { eventId: randomUUID(), idempotencyKey: randomUUID() };
    const made = await makeAttempt(this.#options, webhook, { ...sample, ...ids });
    if (made === null) return { ...NEVER_SENT, at: clock.now() };
    const standing = webhooks.get(webhook.id)?.standing.type ?? 'ok';
    if (made.wasTaken && standing !== 'ok') await webhooks.setStanding(webhook.id, { type: 'ok' }, clock.now());
    return made.attempt;
  }

  /** Lets what is under way end for `graceMs`; what is cut off then is sent again at the next start. */
  async stop(graceMs = LAST_SENDS_MS): Promise<void> {
    const { courier, clock } = this.#options;
    this.#dispatcher.halt();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = clock.at(clock.now() + graceMs, resolve);
    await Promise.race([this.#dispatcher.idle(), late]);
    cancel();
    await courier.close();
    await this.#dispatcher.idle();
  }
}

const NEVER_SENT = {
  durationMs: 0,
  status: null,
  error: 'stopped',
  responseExcerpt: null,
  requestHeaders: {},
} as const;
