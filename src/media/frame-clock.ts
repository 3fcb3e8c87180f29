import { FRAME_MS } from '../audio/index.ts';

/** Sessions are spread over this many phases of a frame, so that their work does not pile up on one instant. */
const PHASES = 4;
const STEP_MS = FRAME_MS / PHASES;
/** Further behind than this (a suspended machine), the clock starts afresh and does not catch up. */
const RESYNC_MS = 1_000;

/** Called once per frame. `now` is the time this frame was due, in milliseconds of the monotonic clock. */
export type Tick = (now: number) => void;

/**
 * The one clock of a media thread. It never drifts: each step is due 5 ms after the one before it was due, not after it
 * ran, and a late step is followed by the ones that it delayed (media.md §5: a timer per call falls behind under load).
 */
export class FrameClock {
  readonly #phases: Set<Tick>[] = Array.from({ length: PHASES }, () => new Set<Tick>());
  #timer: NodeJS.Timeout | null = null;
  #next = 0;
  #phase = 0;
  #lagMs = 0;

  /** Adds `tick` to the emptiest phase. Returns a function that removes it. */
  add(tick: Tick): () => void {
    const phase = this.#phases.reduce((least, candidate) => (candidate.size < least.size ? candidate : least));
    phase.add(tick);
    this.#start();
    return () => {
      phase.delete(tick);
      if (this.#phases.every((each) => each.size === 0)) this.#stop();
    };
  }

  /** How late the latest step of the last interval ran, in milliseconds. Reading it begins a new interval. */
  takeLagMs(): number {
    const lag = this.#lagMs;
    this.#lagMs = 0;
    return lag;
  }

  #start(): void {
    if (this.#timer !== null) return;
    this.#next = performance.now() + STEP_MS;
    this.#timer = setTimeout(this.#run, STEP_MS);
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  readonly #run = (): void => {
    const now = performance.now();
    if (now - this.#next > RESYNC_MS) this.#next = now;
    this.#lagMs = Math.max(this.#lagMs, now - this.#next);
    while (this.#next <= now) {
      const due = this.#next;
      this.#next += STEP_MS;
      for (const tick of this.#phases[this.#phase] ?? []) tick(due);
      this.#phase = (this.#phase + 1) % PHASES;
    }
    if (this.#timer !== null) this.#timer = setTimeout(this.#run, Math.max(0, this.#next - performance.now()));
  };
}
