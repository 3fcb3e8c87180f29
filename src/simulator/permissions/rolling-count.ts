/** Counts what happened within a period up to now. What happened exactly a period ago does not count any more. */
export class RollingCount {
  readonly #periodMs: number;
  #times: number[] = [];

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  /** @param at not before what was added last */
  add(at: number): void {
    this.#times.push(at);
  }

  clear(): void {
    this.#times = [];
  }

  count(now: number): number {
    const from = this.#times.findIndex((at) => at + this.#periodMs > now);
    this.#times.splice(0, from < 0 ? this.#times.length : from);
    return this.#times.length;
  }

  /** When fewer than `max` will count, if nothing is added; null if that is so now. */
  freeAt(max: number, now: number): number | null {
    const used = this.count(now);
    const leaving = this.#times[used - max];
    return leaving === undefined ? null : leaving + this.#periodMs;
  }
}
