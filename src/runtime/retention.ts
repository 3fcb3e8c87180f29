import type { Clock, Sweep } from './ports.ts';

/** Something that is kept for a time. */
export interface Expiring {
  /** For the log. */
  readonly name: string;
  readonly keepMs: number;
  readonly everyMs: number;
  /** Begins to delete what is older than `before`, Unix milliseconds. */
  begin(before: number): Sweep;
}

export interface RetentionOptions {
  readonly clock: Clock;
  readonly expiring: readonly Expiring[];
  /** One round deleted something. */
  readonly onDeleted: (name: string, count: number) => void;
  readonly onFault: (name: string, fault: unknown) => void;
}

/** Between two steps, so that calls' own writes go first. A step takes a fraction of it (docs/capacity.md). */
const PAUSE_MS = 50;

/** Deletes what is old enough, a little at a time: at the start, and then again and again. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #cancels = new Map<Expiring, () => void>();
  readonly #steps = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): void {
    for (const each of this.#options.expiring) this.#begin(each);
  }

  /** Resolves when the step under way is done; the next start takes up what is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#cancels.values()) cancel();
    await Promise.all(this.#steps);
  }

  #begin(each: Expiring): void {
    const { clock } = this.#options;
    const begun = clock.now();
    this.#step(each, { sweep: each.begin(begun - each.keepMs), begun, deleted: 0 });
  }

  #step(each: Expiring, round: Round): void {
    const step = this.#whole(each, round).then(() => void this.#steps.delete(step));
    this.#steps.add(step);
  }

  async #whole(each: Expiring, { sweep, begun, deleted }: Round): Promise<void> {
    const { clock, onDeleted, onFault } = this.#options;
    const count = { deleted };
    try {
      const swept = await sweep.step();
      count.deleted += swept.deleted;
      if (!swept.done)
        return this.#later(each, clock.now() + PAUSE_MS, () => this.#step(each, { sweep, begun, ...count }));
    } catch (fault) {
      onFault(each.name, fault);
    }
    if (count.deleted > 0) onDeleted(each.name, count.deleted);
    this.#later(each, Math.max(begun + each.everyMs, clock.now() + PAUSE_MS), () => this.#begin(each));
  }

  #later(each: Expiring, at: number, run: () => void): void {
    if (!this.#stopped) this.#cancels.set(each, this.#options.clock.at(at, run));
  }
}

/** One walk over everything of a kind. */
interface Round {
  readonly sweep: Sweep;
  readonly begun: number;
  readonly deleted: number;
}
