import { setTimeout as sleep } from 'node:timers/promises';
import type { CallDiary } from './call-diary.ts';
import type { FaultScript } from './fault-script.ts';
import type { CallEvent, WebhookEvent } from './faults.ts';
import type { WebhookAttempt } from './webhook-sender.ts';
import type { WebhookValue } from './webhooks.ts';

export interface CourierOptions {
  readonly script: FaultScript;
  readonly diary: CallDiary;
  /** Sends one delivery and repeats it as Meta does. Never rejects. */
  readonly deliver: (values: readonly WebhookValue[]) => Promise<readonly WebhookAttempt[]>;
  /** Aborted when nothing is waited for any more. */
  readonly signal: AbortSignal;
}

interface Gate {
  readonly open: () => void;
  readonly opened: Promise<void>;
}

/** Takes the webhooks of one call through the faults that are scripted for them. */
export class WebhookCourier {
  readonly #options: CourierOptions;
  readonly #gates = new Map<WebhookEvent, Gate>();
  #heldConnect: WebhookValue | null = null;
  #isOver = false;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all copies are settled: true if the first was answered 200. A connect that is held back by `reorder` or
   * `batch` goes with the terminate webhook, which is settled when both are.
   */
  async send(event: WebhookEvent, value: WebhookValue): Promise<boolean> {
    const holds = this.#options.script.holdsConnect;
    if (event === 'connect' && holds !== null && !this.#isOver) {
      this.#heldConnect = value;
      this.#options.diary.note('webhook.connect.held');
      return false;
    }
    const held = event === 'terminate' ? this.#heldConnect : null;
    if (held === null) return this.#dispatch(event, [value]);
    if (holds === 'batch') return this.#dispatch(event, [held, value]);
    const answered = await this.#dispatch(event, [value]);
    await this.#dispatch('connect', [held]);
    return answered;
  }

  /** Resolves when the first copy of this event is settled, or when it is certain that it will not be sent. */
  settled(event: CallEvent): Promise<void> {
    return this.#isOver && event !== 'terminate' ? Promise.resolve() : this.#gate(event).opened;
  }

  /** The call is over: from now on only the terminate webhook is waited for. */
  over(): void {
    this.#isOver = true;
    for (const [event, gate] of this.#gates) if (event !== 'terminate') gate.open();
  }

  async #dispatch(event: WebhookEvent, values: readonly WebhookValue[]): Promise<boolean> {
    const { script, diary } = this.#options;
    const fate = script.webhook(event);
    const gate = this.#gate(event);
    if (fate.lost) {
      diary.note(`webhook.${event}.lost`);
      gate.open();
      return false;
    }
    if (fate.heldUntil !== null && fate.heldUntil !== event) {
      diary.note(`webhook.${event}.held`);
      await this.settled(fate.heldUntil);
    }
    await this.#pause(fate.delayMs);
    const first = this.#post(event, values);
    void first.then(() => gate.open());
    const deliveries = [first];
    for (let copy = 0; copy < fate.copies; copy += 1) {
      await this.#pause(fate.copyGapMs);
      deliveries.push(this.#post(event, values));
    }
    await Promise.all(deliveries);
    return first;
  }

  async #post(event: WebhookEvent, values: readonly WebhookValue[]): Promise<boolean> {
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

  #gate(event: WebhookEvent): Gate {
    const known = this.#gates.get(event);
    if (known !== undefined) return known;
    const { promise, resolve } = Promise.withResolvers<void>();
    const gate = { open: resolve, opened: promise };
    this.#gates.set(event, gate);
    return gate;
  }
}
