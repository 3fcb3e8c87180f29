const FRAME_MS = 20;
/** Phones are spread over the frame, so that fifty of them do not all speak in the same millisecond. */
const PHASES = 4;
const STEP_MS = FRAME_MS / PHASES;
/** Further behind than this (a suspended machine), the clock starts afresh and does not catch up. */
const RESYNC_MS = 1_000;

/** Called once per 20 ms. `nowMs` is performance.now() as the tick was due. */
export type PhoneTick = (nowMs: number) => void;

/** One clock for all phones of a thread. It never drifts: a step is due 5 ms after the one before was due (media.md §5). */
export class PhoneClock {
  readonly #phases: Set<PhoneTick>[] = Array.from({ length: PHASES }, () => new Set<PhoneTick>());
  #timer: NodeJS.Timeout | null = null;
  #next = 0;
  #phase = 0;

  /** Returns a function that stops the ticks. */
  add(tick: PhoneTick): () => void {
    const phase = this.#phases.reduce((least, each) => (each.size < least.size ? each : least));
    phase.add(tick);
    if (this.#timer === null) {
      this.#next = performance.now() + STEP_MS;
      this.#timer = setTimeout(this.#step, STEP_MS);
    }
    return () => {
      phase.delete(tick);
      if (this.#timer === null || this.#phases.some((each) => each.size > 0)) return;
      clearTimeout(this.#timer);
      this.#timer = null;
    };
  }

  readonly #step = (): void => {
    const now = performance.now();
    if (now - this.#next > RESYNC_MS) this.#next = now;
    while (this.#next <= now) {
      const due = this.#next;
      this.#next += STEP_MS;
      for (const tick of this.#phases[this.#phase] ?? []) tick(due);
      this.#phase = (this.#phase + 1) % PHASES;
    }
    if (this.#timer !== null) this.#timer = setTimeout(this.#step, Math.max(0, this.#next - performance.now()));
  };
}

/** The clock that all simulated phones of this thread share. */
export const phoneClock = new PhoneClock();
