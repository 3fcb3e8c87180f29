import { setTimeout as sleep } from 'node:timers/promises';
import type { CallDiary } from './call-diary.ts';
import type { FaultScript } from './fault-script.ts';
import type { WebhookEvent } from './faults.ts';
import type { WebhookAttempt } from './webhook-sender.ts';
import type { CallsValue } from './webhooks.ts';

export interface CourierOptions {
  readonly script: FaultScript;
  readonly diary: CallDiary;
  /** Sends one delivery and repeats it as Meta does. Never rejects. */
  readonly deliver: (values: readonly CallsValue[]) => Promise<readonly WebhookAttempt[]>;
  /** Aborted when nothing is waited for any more. */
  readonly signal: AbortSignal;
}

/** Takes the webhooks of one call through the faults that are scripted for them. */
export class WebhookCourier {
  readonly #options: CourierOptions;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Resolves when all copies are settled: true if the first was answered 200. */
  async send(event: WebhookEvent, values: readonly CallsValue[]): Promise<boolean> {
    const fate = this.#options.script.webhook(event);
    if (fate.lost) {
      this.#options.diary.note(`webhook.${event}.lost`);
      return false;
    }
    await this.#pause(fate.delayMs);
    const deliveries = [this.#post(event, values)];
    for (let copy = 0; copy < fate.copies; copy += 1) {
      await this.#pause(fate.copyGapMs);
      deliveries.push(this.#post(event, values));
    }
    const [first] = await Promise.all(deliveries);
    return first ?? false;
  }

  async #post(event: WebhookEvent, values: readonly CallsValue[]): Promise<boolean> {
    const attempts = await this.#options.deliver(values);
    const last = attempts.at(-1);
    const httpStatus = last?.httpStatus ?? 0;
    this.#options.diary.note(`webhook.${event}`, {
      attempts: attempts.length,
      httpStatus,
      tookMs: Math.round((last?.tookMs ?? 0) * 10) / 10,
    });
    return httpStatus === 200;
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#options.signal }).catch(() => {});
  }
}
