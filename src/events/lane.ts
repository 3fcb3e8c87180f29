import { FailureRate } from './failure-rate.ts';
import type { DeliveryQueue, EventClock } from './ports.ts';

/** At once to one receiver. Its calls go side by side, and the events of each one after another. */
const MAX_AT_ONCE = 32;
/** To one whose last delivery failed: it must not take the places of those that work. */
const MAX_AT_ONCE_FAILING = 4;
/** Ids that are read ahead. */
const LOOK_AHEAD = 64;

export interface LaneOptions {
  readonly queue: DeliveryQueue;
  readonly clock: EventClock;
  /** Something is due again. */
  readonly onDue: () => void;
}

/** What is to be sent to one webhook: the ids that are due, those under way, and when to look again. */
export class Lane {
  readonly webhookId: string;
  readonly rate = new FailureRate();
  readonly #options: LaneOptions;
  readonly #underWay = new Set<string>();
  #ids: string[] = [];
  /** There may be more than the ids that were read. */
  #more = true;
  #heldUntil = 0;
  #dueBy = 0;
  #failing = false;
  #alarm: { readonly time: number; readonly cancel: () => void } | null = null;

  constructor(webhookId: string, options: LaneOptions) {
    this.webhookId = webhookId;
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#underWay.size === 0;
  }

  get hasNext(): boolean {
    const most = this.#failing ? MAX_AT_ONCE_FAILING : MAX_AT_ONCE;
    const isHeld = this.#options.clock.now() < this.#heldUntil;
    return this.#ids.length > 0 && this.#underWay.size < most && !isHeld;
  }

  /** The ids that were read were due then, Unix milliseconds. */
  get dueBy(): number {
    return this.#dueBy;
  }

  /** All ids that were read are taken, and there may be others. */
  get isToBeFilled(): boolean {
    return this.#ids.length === 0 && this.#more;
  }

  /** Takes the next id for being sent; it is under way until `done`. */
  take(): string {
    const id = this.#ids.shift()!;
    this.#underWay.add(id);
    return id;
  }

  done(id: string): void {
    this.#underWay.delete(id);
  }

  /** What became of the last delivery. */
  learn(id: string, wasTaken: boolean, at: number): void {
    this.#failing = !wasTaken;
    if (wasTaken) this.rate.delivered(id, at);
    else this.rate.failed(id, at);
  }

  /** Reads what is due, unless there are ids left, and sets the alarm for what is due next. */
  async fill(): Promise<void> {
    const { queue, clock } = this.#options;
    this.#more = true;
    const now = clock.now();
    if (now < this.#heldUntil) return this.wakeAt(this.#heldUntil);
    if (this.#ids.length > 0) return;
    // Those under way are due as well until they are written down.
    const limit = LOOK_AHEAD + this.#underWay.size;
    this.#more = false;
    this.#dueBy = now;
    const queued = await queue.queued(this.webhookId, limit);
    const later = queued.findIndex(({ dueAt }) => dueAt > now);
    const due = later === -1 ? queued : queued.slice(0, later);
    this.#ids = due.map(({ id }) => id).filter((id) => !this.#underWay.has(id));
    if (due.length === limit) this.#more = true;
    const next = queued[later];
    if (next !== undefined) this.wakeAt(next.dueAt);
  }

  /** Nothing is sent before this time. */
  hold(until: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, until);
    this.#more = true;
    this.wakeAt(until);
  }

  /** Nothing is to be sent for now. */
  clear(): void {
    this.#ids = [];
    this.#more = true;
    this.#alarm?.cancel();
    this.#alarm = null;
  }

  /** Sets the alarm, unless it rings earlier anyway. */
  wakeAt(time: number): void {
    const { clock, onDue } = this.#options;
    if (this.#alarm !== null && this.#alarm.time <= time) return;
    this.#alarm?.cancel();
    const cancel = clock.at(time, () => {
      this.#alarm = null;
      onDue();
    });
    this.#alarm = { time, cancel };
  }
}
