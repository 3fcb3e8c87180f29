import { type WebhookField, webhookBody } from '../../../src/simulator/webhook-body.ts';
import type { WebhookValue } from '../../../src/simulator/webhooks.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { Fact } from './facts.ts';

/** How one webhook travels. Milliseconds. */
export interface Journey {
  readonly delayMs: number;
  /** Each copy comes 7 s after the one before it. */
  readonly copies: number;
}

export const PROMPT: Journey = { delayMs: 300, copies: 1 };
const BETWEEN_COPIES_MS = 7_000;

/** Brings webhooks, each in its own time; the journeys are used one after the other, again and again. */
export class PostOffice {
  /** Takes a body and what it tells. */
  deliver: (body: Buffer, tells: readonly Fact[]) => void = () => {};
  readonly #clock: VirtualClock;
  readonly #journeys: readonly Journey[];
  #next = 0;
  #onTheWay = 0;

  constructor(clock: VirtualClock, journeys: readonly Journey[]) {
    this.#clock = clock;
    this.#journeys = journeys.length === 0 ? [PROMPT] : journeys;
  }

  /** Webhooks that have not arrived. */
  get onTheWay(): number {
    return this.#onTheWay;
  }

  /** @param afterMs until Meta sends it */
  send(value: WebhookValue, field: WebhookField, tells: readonly Fact[], afterMs = 0): void {
    const { delayMs, copies } = this.#journeys[this.#next++ % this.#journeys.length] ?? PROMPT;
    const body = webhookBody('waba-1', [value], field, this.#clock.now());
    const leaves = this.#clock.now() + afterMs;
    for (let copy = 0; copy < copies; copy += 1) {
      this.#onTheWay += 1;
      this.#clock.at(leaves + delayMs + copy * BETWEEN_COPIES_MS, () => {
        this.#onTheWay -= 1;
        this.deliver(body, tells);
      });
    }
  }
}
