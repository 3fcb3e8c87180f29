import { FRAME_MS } from './frame.ts';

/** Two seconds. */
const WINDOW_PULLS = 100;
const WINDOW_MS = WINDOW_PULLS * FRAME_MS;
/** Sound comes in real time if a window brings as much as it plays, give or take this, and often enough. */
const TOLERANCE_MS = 100;
const LEAST_ARRIVALS = WINDOW_PULLS / 5;

/**
 * Finds sound that waits for no reason. An agent that streams in real time without an end and was held up once sends what is
 * missing in a heap, and from then on all its sound would be late by as much. An agent that sends seconds at once has a long
 * queue too, but does not keep it: that queue is left alone.
 */
export class SurplusWatch {
  #pulls = 0;
  #arrivals = 0;
  #arrivedMs = 0;
  #arrivedNow = false;
  #leastMs = Number.POSITIVE_INFINITY;
  #surplusMs = 0;

  /** What could be left out without an underrun, milliseconds. */
  get surplusMs(): number {
    return this.#surplusMs;
  }

  arrived(ms: number): void {
    this.#arrivedMs += ms;
    this.#arrivedNow = true;
  }

  /** After each pull: what is still queued, and what should be as a reserve. */
  pulled(queuedMs: number, reserveMs: number): void {
    this.#pulls += 1;
    if (this.#arrivedNow) this.#arrivals += 1;
    this.#arrivedNow = false;
    this.#leastMs = Math.min(this.#leastMs, queuedMs);
    if (this.#pulls < WINDOW_PULLS) return;
    const realTime = this.#arrivals >= LEAST_ARRIVALS && Math.abs(this.#arrivedMs - WINDOW_MS) <= TOLERANCE_MS;
    this.#surplusMs = realTime ? Math.max(0, this.#leastMs - reserveMs) : 0;
    this.#beginWindow();
  }

  /** This much was left out. */
  trimmed(ms: number): void {
    this.#surplusMs = Math.max(0, this.#surplusMs - ms);
    this.#leastMs -= ms;
  }

  reset(): void {
    this.#surplusMs = 0;
    this.#beginWindow();
  }

  #beginWindow(): void {
    this.#pulls = 0;
    this.#arrivals = 0;
    this.#arrivedMs = 0;
    this.#arrivedNow = false;
    this.#leastMs = Number.POSITIVE_INFINITY;
  }
}
