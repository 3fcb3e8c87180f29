const FULL = 6;
const REDUCED = 1;
/** Event loop utilisation above which the encoders step down, and below which they step up again. */
const STEP_DOWN = 0.75;
const STEP_UP = 0.5;
/** How many quiet intervals in a row it takes to step up, so that the complexity does not swing. */
const CALM_INTERVALS = 5;

/**
 * Decides the Opus complexity of a media thread: 6 is the knee of fidelity against cost, 1 costs a third of it and is the
 * gear for overload (media.md §2).
 */
export class LoadGovernor {
  #complexity = FULL;
  #calm = 0;

  get complexity(): number {
    return this.#complexity;
  }

  /** Takes the utilisation (0..1) and clock lag (ms) of one interval; returns true if the complexity changed. */
  observe(utilisation: number, clockLagMs: number): boolean {
    const before = this.#complexity;
    if (utilisation > STEP_DOWN || clockLagMs > 40) {
      this.#complexity = REDUCED;
      this.#calm = 0;
    } else if (utilisation < STEP_UP && clockLagMs < 20) {
      this.#calm += 1;
      if (this.#calm >= CALM_INTERVALS) this.#complexity = FULL;
    } else {
      this.#calm = 0;
    }
    return this.#complexity !== before;
  }
}
