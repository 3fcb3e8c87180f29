import { FRAME_MS } from '../audio/index.ts';

/** Those who tick are spread over this many phases of a frame, so that their work does not pile up on one instant. */
const PHASES = 4;
const STEP_MS = FRAME_MS / PHASES;
/** Further behind than this (a suspended machine), the clock starts afresh and does not catch up. */
const RESYNC_MS = 1_000;
/** Timers know whole milliseconds only: a step that comes by this much too soon runs, and is not waited for once more. */
const EARLY_MS = 1;

/** Called once per frame. `now` is the time this frame was due, in milliseconds of the monotonic clock. */
export type Tick = (now: number) => void;

/**
 * The one clock of all legs of a thread, whoever owns them. It never drifts: each step is due 5 ms after the one before it was due, not after it
 * ran, and a late step is followed by the ones that it delayed (media.md §5: a timer per call falls behind under load).
 */
export class FrameClock {
  readonly #phases: Set<Tick>[] = Array.from({ length: PHASES }, () => new Set<Tick>());
  #timer: NodeJS.Timeout | null = null;
  #next = 0;
  #phase = 0;
  #lagMs = 0;

  /** Adds `tick` to the emptiest phase; of those, to the one that comes first. Returns a function that removes it. */
  add(tick: Tick): () => void {
    if (this.#timer === null) this.#next = performance.now() + STEP_MS;
    else this.#passOver();
    const phase = this.#emptiest();
    phase.add(tick);
    this.#arm();
    return () => {
      phase.delete(tick);
      if (this.#phases.every((each) => each.size === 0)) this.#stop();
    };
  }

  /** How late the latest step of the last interval ran, in milliseconds; steps without a session do not count. Reading it begins a new interval. */
  takeLagMs(): number {
    const lag = this.#lagMs;
    this.#lagMs = 0;
    return lag;
  }

  /** Sleeps until the next step that somebody waits for: with one call that is 50 times a second and not 200. */
  #arm(): void {
    this.#stop();
    let due = this.#next;
    for (let step = 0; step < PHASES; step += 1, due += STEP_MS) {
      if (this.#phases[(this.#phase + step) % PHASES]!.size > 0) break;
    }
    this.#timer = setTimeout(this.#run, Math.max(0, Math.ceil(due - performance.now())));
  }

  #emptiest(): Set<Tick> {
    let least = this.#phases[this.#phase]!;
    for (let step = 1; step < PHASES; step += 1) {
      const candidate = this.#phases[(this.#phase + step) % PHASES]!;
      if (candidate.size < least.size) least = candidate;
    }
    return least;
  }

  /** The steps that nobody waited for and that are over: a new session must not be given one of them. */
  #passOver(): void {
    const now = performance.now();
    while (this.#next <= now && this.#phases[this.#phase]!.size === 0) this.#advance();
  }

  #advance(): void {
    this.#next += STEP_MS;
    this.#phase = (this.#phase + 1) % PHASES;
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  readonly #run = (): void => {
    const now = performance.now();
    if (now - this.#next > RESYNC_MS) this.#next = now;
    while (this.#next <= now + EARLY_MS) {
      const due = this.#next;
      const phase = this.#phases[this.#phase]!;
      this.#advance();
      if (phase.size > 0) this.#lagMs = Math.max(this.#lagMs, now - due);
      for (const tick of phase) tick(due);
    }
    if (this.#timer !== null) this.#arm();
  };
}
