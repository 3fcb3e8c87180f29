import type { Clock } from '../../src/runtime/index.ts';

interface Alarm {
  readonly time: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** A clock that moves only when told, and runs what is due in order of time. */
export class VirtualClock implements Clock {
  #now: number;
  /** Alarms of one instant together, so that thousands of calls cost little. */
  readonly #instants = new Map<number, Alarm[]>();
  #order: number[] = [];
  #pending = 0;
  readonly #settled: () => Promise<void>;

  /** `settled`: resolves when everything that an instant set off has run. */
  constructor(start = Date.UTC(2026, 10, 20, 12), settled = settle) {
    this.#now = start;
    this.#settled = settled;
  }

  now(): number {
    return this.#now;
  }

  at(time: number, run: () => void): () => void {
    const instant = Math.max(Math.ceil(time), this.#now);
    const alarm: Alarm = { time: instant, run, cancelled: false };
    const others = this.#instants.get(instant);
    if (others === undefined) {
      this.#instants.set(instant, [alarm]);
      this.#order.splice(this.#placeOf(instant), 0, instant);
    } else {
      others.push(alarm);
    }
    this.#pending += 1;
    return () => {
      if (!alarm.cancelled) this.#pending -= 1;
      alarm.cancelled = true;
    };
  }

  /** Resolves after `ms`, in this clock's time. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#now + ms, resolve));
  }

  /** Alarms that are still to ring. */
  get pending(): number {
    return this.#pending;
  }

  /** Moves on by `ms`, stopping at every instant with an alarm and letting promises settle after it. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.#settled();
    for (let next = this.#order[0]; next !== undefined && next <= until; next = this.#order[0]) {
      this.#order.shift();
      this.#now = next;
      const due = this.#instants.get(next) ?? [];
      this.#instants.delete(next);
      for (const alarm of due) {
        if (alarm.cancelled) continue;
        alarm.cancelled = true;
        this.#pending -= 1;
        alarm.run();
      }
      await this.#settled();
    }
    this.#now = until;
  }

  #placeOf(instant: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle] ?? 0) < instant) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Lets everything run that only waits for promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
