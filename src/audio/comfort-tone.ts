import { samplesToMs } from './frame.ts';
import { sineAmplitude } from './level.ts';
import { ComfortNoise } from './tones.ts';

/** A soft pulse now and then says that the call goes on; between pulses there is a room and no dead line. */
const PERIOD_MS = 1_200;
const PULSE_MS = 400;
const EDGE_MS = 80;
const PULSE_HZ = 440;
const PULSE_DB = -30;
const NOISE_DB = -58;

/**
 * What a caller hears while the agent is away: quiet noise, and 400 ms of a soft tone each 1.2 s, beginning with the tone.
 * The same every time.
 */
export class ComfortTone {
  readonly #rate: number;
  readonly #noise = new ComfortNoise(NOISE_DB);
  readonly #amplitude = sineAmplitude(PULSE_DB);
  #at = 0;

  /** `rate` in Hz. */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** From the beginning of a pulse. */
  restart(): void {
    this.#at = 0;
  }

  /** The next of it, in place of what is in `out`. */
  fill(out: Int16Array): void {
    this.#noise.fill(out);
    for (let i = 0; i < out.length; i += 1, this.#at += 1) out[i] = out[i]! + this.#pulse();
  }

  /** Lets it die away under `pcm`, within its length, so that it ends without a click. */
  fadeInto(pcm: Int16Array): void {
    for (let i = 0; i < pcm.length; i += 1, this.#at += 1) {
      const sum = pcm[i]! + this.#pulse() * fall(i / pcm.length);
      pcm[i] = Math.max(-32_768, Math.min(32_767, sum));
    }
  }

  #pulse(): number {
    const ms = samplesToMs(this.#at, this.#rate) % PERIOD_MS;
    if (ms >= PULSE_MS) return 0;
    const edge = fall(1 - Math.min(1, ms / EDGE_MS, (PULSE_MS - ms) / EDGE_MS));
    return this.#amplitude * edge * Math.sin((2 * Math.PI * PULSE_HZ * this.#at) / this.#rate);
  }
}

/** Raised cosine, from 1 at 0 to 0 at 1. */
function fall(x: number): number {
  return (1 + Math.cos(Math.PI * x)) / 2;
}
