import { readRetryAfter } from '../net/index.ts';
import { type MadeAttempt, makeAttempt } from './delivery-attempt.ts';
import { hearingOf } from './hearing.ts';
import type { Lane } from './lane.ts';
import type {
  Attempt,
  Courier,
  DeliveryQueue,
  DueDelivery,
  EventClock,
  EventWebhooks,
  Verdict,
  Webhook,
} from './ports.ts';
import { afterFailure } from './retry-schedule.ts';

export interface DeliveryRoundOptions {
  readonly queue: DeliveryQueue;
  readonly webhooks: EventWebhooks;
  readonly courier: Courier;
  readonly clock: EventClock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** A webhook is paused or disabled now. */
  readonly onStanding: (webhookId: string, standing: 'paused' | 'disabled') => void;
  /** An attempt was made and written down. */
  readonly onAttempt?: (type: DueDelivery['type'], attempt: Attempt, verdict: Verdict) => void;
}

/** What a receiver that is overloaded may ask for all that is sent to it. */
const LONGEST_HOLD_MS = 15 * 60_000;
const GONE = 410;
/** With `Retry-After` these speak of the receiver, and not of what was sent (RFC 6585 §4, RFC 9110 §15.6.4). */
const OVERLOADED = new Set<number | null>([429, 503]);

/** Sends one delivery once, writes down what came of it, and draws the conclusions for it and for its webhook. */
export class DeliveryRound {
  readonly #options: DeliveryRoundOptions;

  constructor(options: DeliveryRoundOptions) {
    this.#options = options;
  }

  async send(lane: Lane, id: string): Promise<void> {
    const { queue, webhooks, clock } = this.#options;
    const delivery = await queue.load(lane.webhookId, id, lane.dueBy);
    const webhook = webhooks.get(lane.webhookId);
    if (delivery === null || webhook === null || hearingOf(webhook) !== 'sending') return;
    const made = await makeAttempt(this.#options, webhook, delivery);
    if (made === null) return;
    const verdict = this.#verdictOn(delivery, made);
    await queue.record(lane.webhookId, id, made.attempt, verdict);
    this.#options.onAttempt?.(delivery.type, made.attempt, verdict);
    if (verdict.type === 'retry') lane.wakeAt(verdict.at);
    // What was still under way when it was paused does not count once it is resumed.
    if (hearingOf(webhooks.get(webhook.id)) !== 'sending') return;
    lane.learn(id, made.wasTaken, clock.now());
    if (!made.wasTaken) await this.#conclude(lane, webhook, made);
  }

  #verdictOn(delivery: DueDelivery, { wasTaken, retryAfter, attempt }: MadeAttempt): Verdict {
    const { clock, random } = this.#options;
    if (wasTaken) return { type: 'delivered' };
    if (attempt.status === GONE) return { type: 'given_up' };
    const now = clock.now();
    const { at } = attempt;
    const { pausedMs, firstTryAt } = delivery;
    const retryAfterMs = retryAfter === null ? null : readRetryAfter(retryAfter, now);
    const tries = delivery.tries + 1;
    return afterFailure({ at, tries, firstTryAt: firstTryAt ?? at, pausedMs, retryAfterMs }, now, random());
  }

  /** What a failure says of the webhook, and not only of the delivery. */
  async #conclude(lane: Lane, { id, url }: Webhook, { attempt, retryAfter }: MadeAttempt): Promise<void> {
    const { webhooks, clock } = this.#options;
    const now = clock.now();
    if (OVERLOADED.has(attempt.status) && retryAfter !== null) {
      lane.hold(now + Math.min(readRetryAfter(retryAfter, now) ?? 0, LONGEST_HOLD_MS));
    }
    // Its owner may have pointed it elsewhere meanwhile.
    if (webhooks.get(id)?.url !== url) return;
    if (attempt.status === GONE) return await this.#put(id, 'disabled', 'the receiver answered 410 Gone');
    if (!lane.rate.isTooHigh(now)) return;
    lane.rate.clear();
    await this.#put(id, 'paused', 'more than 85 % of the deliveries of the last 15 minutes failed');
  }

  async #put(id: string, type: 'paused' | 'disabled', why: string): Promise<void> {
    const { webhooks, clock, onStanding } = this.#options;
    const at = clock.now();
    await webhooks.setStanding(id, { type, at, why }, at);
    onStanding(id, type);
  }
}
