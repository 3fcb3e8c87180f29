const SLOT_MS = 60_000;
const SLOTS = 15;
const MIN_FAILURES = 10;
const MIN_DELIVERIES = 20;
const MAX_FAILED_SHARE = 0.85;

/** How much of what was sent to one webhook failed in the last 15 minutes (kapso-api.md §10). A delivery counts once. */
export class FailureRate {
  /** Delivered in each minute, by the number of the minute. */
  readonly #delivered = new Map<number, number>();
  /** When each that is not delivered was last tried, oldest first. */
  readonly #failed = new Map<string, number>();

  delivered(id: string, at: number): void {
    this.#failed.delete(id);
    const slot = Math.floor(at / SLOT_MS);
    this.#delivered.set(slot, (this.#delivered.get(slot) ?? 0) + 1);
  }

  failed(id: string, at: number): void {
    this.#failed.delete(id);
    this.#failed.set(id, at);
  }

  /** Over 85 % of at least 20 deliveries failed, and at least 10. */
  isTooHigh(now: number): boolean {
    this.#forget(now);
    const failed = this.#failed.size;
    let all = failed;
    for (const count of this.#delivered.values()) all += count;
    return failed >= MIN_FAILURES && all >= MIN_DELIVERIES && failed / all > MAX_FAILED_SHARE;
  }

  clear(): void {
    this.#delivered.clear();
    this.#failed.clear();
  }

  #forget(now: number): void {
    const firstSlot = Math.floor(now / SLOT_MS) - SLOTS;
    for (const slot of this.#delivered.keys()) if (slot <= firstSlot) this.#delivered.delete(slot);
    for (const [id, at] of this.#failed) {
      if (at > now - SLOTS * SLOT_MS) return;
      this.#failed.delete(id);
    }
  }
}
