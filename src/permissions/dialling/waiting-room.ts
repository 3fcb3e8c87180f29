import type { PermissionBook, PermissionClock, WaitingDial } from '../ports.ts';

export interface WaitingRoomOptions {
  readonly book: Pick<PermissionBook, 'due' | 'nextDue'>;
  readonly clock: PermissionClock;
  /** The time of a dial has come: it must be placed, given up, or wait on. */
  readonly onDue: (dial: WaitingDial) => Promise<void>;
  readonly onFault: (during: string, fault: unknown) => void;
}

const BATCH = 20;
/** What failed is tried again after this, milliseconds. */
const AFTER_FAULT_MS = 5_000;
/** While something is put aside, others that are due are looked for this often, milliseconds. */
const ASIDE_LOOK_MS = 1_000;
/** Timers of the system fire at once when they are set for more than 24 days. */
const LONGEST_SLEEP_MS = 24 * 3_600_000;

/** Watches the times of dials that wait: one timer, for the earliest; the rows are the truth. */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  /** Dials and other things that failed, until they are tried again. */
  readonly #aside = new Map<string | symbol, () => void>();
  #cancelTimer: () => void = () => {};
  #looking: Promise<void> | null = null;
  #again = false;
  #open = false;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  start(): void {
    this.#open = true;
    this.look();
  }

  /** Resolves when what is under way is done. */
  async stop(): Promise<void> {
    this.#open = false;
    this.#cancelTimer();
    for (const cancel of this.#aside.values()) cancel();
    await this.#looking;
  }

  /** Something changed: looks for the earliest time anew. */
  look(): void {
    if (!this.#open) return;
    this.#again = true;
    this.#looking ??= this.#look();
  }

  /** Does something until it succeeds, a while apart, or until `stop`. */
  insist(during: string, work: () => Promise<void>): void {
    const key = Symbol(during);
    const attempt = async () => {
      this.#aside.delete(key);
      if (await this.#guarded(during, work)) return;
      if (this.#open)
        this.#aside.set(
          key,
          this.#options.clock.at(this.#options.clock.now() + AFTER_FAULT_MS, () => void attempt()),
        );
    };
    void attempt();
  }

  async #look(): Promise<void> {
    const { book, clock } = this.#options;
    const calm = await this.#guarded('looking after waiting dials', async () => {
      while (this.#again && this.#open) {
        this.#again = false;
        this.#cancelTimer();
        const dials = (await book.due(clock.now(), BATCH + this.#aside.size)).filter(
          ({ order }) => !this.#aside.has(order.id),
        );
        // Side by side: each may have to wait for an answer of Graph.
        await Promise.all(dials.map((dial) => this.#work(dial)));
        if (dials.length > 0) this.#again = true;
      }
      const next = await book.nextDue();
      // What is due already became so just now, or was put aside, which must not be asked for again and again.
      if (next !== null) this.#wakeAt(Math.max(next, clock.now() + (this.#aside.size > 0 ? ASIDE_LOOK_MS : 0)));
    });
    // In the same step as the last look at #again: no `look` can fall between the two.
    this.#looking = null;
    if (!calm) this.#wakeAt(clock.now() + AFTER_FAULT_MS);
    else if (this.#again) this.look();
  }

  /** One that fails does not hold up those behind it. */
  async #work(dial: WaitingDial): Promise<void> {
    const { clock, onDue } = this.#options;
    const { id } = dial.order;
    if (await this.#guarded('looking after a waiting dial', () => onDue(dial))) return;
    const cancel = clock.at(clock.now() + AFTER_FAULT_MS, () => {
      this.#aside.delete(id);
      this.look();
    });
    this.#aside.set(id, cancel);
  }

  #wakeAt(time: number): void {
    this.#cancelTimer();
    const { clock } = this.#options;
    const wakeAt = Math.min(time, clock.now() + LONGEST_SLEEP_MS);
    if (this.#open) this.#cancelTimer = clock.at(wakeAt, () => this.look());
  }

  /** False if it failed. */
  async #guarded(during: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (fault) {
      this.#options.onFault(during, fault);
      return false;
    }
  }
}
