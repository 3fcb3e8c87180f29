import { FRAME_MS } from './frame.ts';

/** Two frames: a frame of reserve when the first is played, so an agent that paces in real time may be 20 ms late. */
const LEAST_MS = 40;
const MOST_MS = 200;
/** Playing without an underrun for this long takes one frame off. */
const CALM_PULLS = 500;

/** How much must be queued before a talkspurt starts: more after each underrun, slowly less while all goes well. */
export class PrimeControl {
  #primeMs = LEAST_MS;
  #calm = 0;

  get primeMs(): number {
    return this.#primeMs;
  }

  /** An agent that sends 100 ms every 100 ms needs more than one of its own chunks in reserve: `chunkMs` is its last. */
  underrun(chunkMs: number): void {
    const beyondChunk = chunkMs + FRAME_MS <= MOST_MS ? chunkMs + FRAME_MS : 0;
    this.#primeMs = Math.min(MOST_MS, Math.max(this.#primeMs + FRAME_MS, beyondChunk));
    this.#calm = 0;
  }

  /** A frame of a talkspurt was played. */
  played(): void {
    this.#calm += 1;
    if (this.#calm < CALM_PULLS) return;
    this.#calm = 0;
    this.#primeMs = Math.max(LEAST_MS, this.#primeMs - FRAME_MS);
  }
}
