import { onTestFinished } from 'vitest';
import { DeliveryDesk } from '../../src/events/index.ts';
import type {
  Answer,
  Courier,
  DeliveryDetail,
  DeliveryQueue,
  NewEvent,
  Parcel,
  Webhook,
} from '../../src/events/ports.ts';
import type { DatabasePlace } from '../../src/storage/index.ts';
import type { OutboxStores } from '../../src/storage/outbox/open-outbox.ts';
import { newEvent, openTestOutbox, PROJECT_ID, type TestOutbox, webhook } from './outbox.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

/** How a receiver answers once. */
export interface Reply {
  readonly status: number | null;
  /** Of an answer that does not count, or did not come. */
  readonly error?: string;
  readonly retryAfter?: string;
  /** Until it is there, milliseconds. */
  readonly afterMs?: number;
}

/** What a receiver has got, in its own log. */
export interface Arrival {
  readonly key: string;
  readonly at: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly reply: Reply;
  /** The process was killed before it could write this down. */
  cutOff: boolean;
}

const SIGNATURE = 'webhook-signature';

export const OK: Reply = { status: 200 };
export const FAILS: Reply = { status: 500 };

interface Process {
  alive: boolean;
  /** What it has sent and not written down. */
  readonly underWay: Set<Arrival>;
}

/** A receiver, the outbox and a desk between them, in virtual time, with a process that can be killed. */
export class EventWorld {
  readonly arrivals: Arrival[] = [];
  readonly faults: unknown[] = [];
  readonly clock: VirtualClock;
  readonly box: TestOutbox;
  /** Asked for every parcel that arrives. */
  answer: (arrival: Omit<Arrival, 'reply' | 'cutOff'>) => Reply = () => OK;
  /** For the jitter. */
  random = 0.5;
  /** Where in its work the process is killed next. */
  doom: 'as_it_sends' | 'before_it_records' | 'after_it_recorded' | null = null;
  /** How often the database is away when the desk asks it. */
  troubles = 0;
  desk!: DeliveryDesk;
  stores!: OutboxStores;
  #process!: Process;
  #busy = 0;

  private constructor(box: TestOutbox) {
    this.box = box;
    this.clock = new VirtualClock(undefined, () => this.#settled());
  }

  static async open(webhooks: readonly Webhook[] = [webhook()], place?: DatabasePlace): Promise<EventWorld> {
    const world = new EventWorld(await openTestOutbox(place));
    for (const each of webhooks) await world.box.webhooks.put(each);
    await world.start();
    onTestFinished(() => world.kill());
    return world;
  }

  /** A new process finds what the last one left. */
  async start(): Promise<void> {
    this.stores = await this.box.reopen();
    this.#process = { alive: true, underWay: new Set() };
    this.desk = new DeliveryDesk({
      queue: this.#queueOf(this.#process),
      webhooks: this.stores.webhooks,
      courier: this.#courierOf(this.#process),
      clock: this.clock,
      random: () => this.random,
      onFault: (fault) => this.faults.push(fault),
    });
    this.desk.start();
  }

  /** kill -9: what was under way is never heard of again. */
  async kill(): Promise<void> {
    this.#die(this.#process);
    await this.#settled();
  }

  get isAlive(): boolean {
    return this.#process.alive;
  }

  #die(process: Process): void {
    process.alive = false;
    for (const arrival of process.underWay) arrival.cutOff = true;
  }

  #meet(doom: typeof this.doom, process: Process): void {
    if (this.doom !== doom || !process.alive) return;
    this.doom = null;
    this.#die(process);
  }

  async emit(more: Partial<NewEvent> = {}): Promise<void> {
    await this.box.emit(newEvent({ at: this.clock.now(), ...more }));
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  /** The keys of what has arrived, in its order. */
  get keys(): readonly string[] {
    return this.arrivals.map(({ key }) => key);
  }

  webhook(id = webhook().id): Webhook {
    return this.stores.webhooks.get(id)!;
  }

  /** Everything that was sent, as the log has it. */
  async log(): Promise<readonly DeliveryDetail[]> {
    const all = { webhookId: null, type: null, status: null, phoneNumberId: null, since: null, until: null };
    const query = { ...all, projectId: PROJECT_ID, limit: 1_000, after: null, before: null, errorsOnly: false };
    const { data } = await this.stores.deliveries.list(query);
    return await Promise.all(data.map(async ({ id }) => (await this.stores.deliveries.find(PROJECT_ID, id))!));
  }

  async logged(key: string): Promise<DeliveryDetail> {
    return (await this.log()).find((each) => each.idempotencyKey === key)!;
  }

  #courierOf(process: Process): Courier {
    let cut: () => void = () => {};
    const closed = new Promise<null>((resolve) => {
      cut = () => resolve(null);
    });
    const exchange = async ({ url, headers, body }: Parcel): Promise<Answer> => {
      if (!process.alive) return await never();
      const came = { key: headers['X-Idempotency-Key']!, at: this.clock.now(), url, headers, body };
      const reply = this.answer(came);
      const arrival: Arrival = { ...came, reply, cutOff: false };
      this.arrivals.push(arrival);
      process.underWay.add(arrival);
      this.#meet('as_it_sends', process);
      const { status, afterMs = 1 } = reply;
      await this.clock.wait(afterMs);
      if (!process.alive) return await never();
      const isGood = status !== null && status >= 200 && status <= 299;
      const error = reply.error ?? (isGood ? null : 'status_not_2xx');
      return {
        status,
        error,
        excerpt: status === null ? null : 'said',
        retryAfter: reply.retryAfter ?? null,
        durationMs: afterMs,
      };
    };
    return {
      send: (parcel) => Promise.race([exchange(parcel), closed]),
      async close() {
        cut();
      },
    };
  }

  /** The queue as a process has it: when that is dead, what it asked for may be done or not, but it never hears of it. */
  #queueOf(process: Process): DeliveryQueue {
    const queue = this.stores.deliveryQueue;
    const watched = async <T>(work: () => Promise<T>): Promise<T> => {
      if (!process.alive) return await never();
      this.#busy += 1;
      try {
        if (this.troubles > 0) {
          this.troubles -= 1;
          throw new Error('the database is away');
        }
        return await work();
      } finally {
        this.#busy -= 1;
        if (!process.alive) await never();
      }
    };
    return {
      queued: (...given) => watched(() => queue.queued(...given)),
      load: (...given) => watched(() => queue.load(...given)),
      record: (webhookId, id, attempt, verdict) =>
        watched(async () => {
          this.#meet('before_it_records', process);
          if (!process.alive) return;
          await queue.record(webhookId, id, attempt, verdict);
          for (const arrival of process.underWay) {
            // Each webhook has a secret of its own.
            if (arrival.headers[SIGNATURE] !== attempt.requestHeaders[SIGNATURE] || arrival.at !== attempt.at) continue;
            arrival.cutOff = false;
            process.underWay.delete(arrival);
          }
          this.#meet('after_it_recorded', process);
        }),
      giveUp: (...given) => watched(() => queue.giveUp(...given)),
      prune: (...given) => watched(() => queue.prune(...given)),
      onChange: (listener) => queue.onChange((id) => process.alive && listener(id)),
    };
  }

  /** Resolves when everything that is not a matter of time is done. */
  async #settled(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet += 1) {
      await this.box.idle();
      await settle();
      if (this.#busy > 0) quiet = 0;
    }
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
