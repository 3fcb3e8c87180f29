import { msToSamples } from './frame.ts';
import { sineAmplitude } from './level.ts';

const DTMF_KEYS = '123A456B789C*0#D';
const DTMF_ROWS_HZ = [697, 770, 852, 941] as const;
const DTMF_COLUMNS_HZ = [1209, 1336, 1477, 1633] as const;

/** A sine that goes on without a step from frame to frame. */
export class SineGenerator {
  readonly #step: number;
  readonly #amplitude: number;
  #phase = 0;

  /** `rate` and `hz` in Hz, `db` is the level in dBFS RMS. */
  constructor(rate: number, hz: number, db = -13) {
    this.#step = (2 * Math.PI * hz) / rate;
    this.#amplitude = sineAmplitude(db);
  }

  fill(out: Int16Array): void {
    for (let i = 0; i < out.length; i += 1) {
      out[i] = Math.round(this.#amplitude * Math.sin(this.#phase));
      this.#phase = (this.#phase + this.#step) % (2 * Math.PI);
    }
  }
}

/** A sine of `ms` milliseconds at `rate` Hz. `db` is its level in dBFS RMS. */
export function sineTone(rate: number, hz: number, ms: number, db = -13): Int16Array {
  const out = new Int16Array(msToSamples(ms, rate));
  new SineGenerator(rate, hz, db).fill(out);
  return out;
}

/** The tone pair of a key (0-9, *, #, A-D) by ITU-T Q.23, `db` dBFS RMS for each tone. Throws RangeError on any other key. */
export function dtmfTone(rate: number, key: string, ms: number, db = -13): Int16Array {
  const index = key.length === 1 ? DTMF_KEYS.indexOf(key.toUpperCase()) : -1;
  if (index < 0) throw new RangeError('a DTMF key is one of 0-9, *, #, A-D');
  const out = sineTone(rate, DTMF_ROWS_HZ[index >> 2]!, ms, db);
  const high = sineTone(rate, DTMF_COLUMNS_HZ[index & 3]!, ms, db);
  for (let i = 0; i < out.length; i += 1) out[i] = Math.max(-32_768, Math.min(32_767, out[i]! + high[i]!));
  return out;
}

/** Quiet noise for the places where nothing is sent, so that a line does not seem dead. The same seed gives the same noise. */
export class ComfortNoise {
  readonly #amplitude: number;
  #state: number;
  #previous = 0;

  /** `db` is the level in dBFS RMS. */
  constructor(db = -65, seed = 0x9e3779b9) {
    // A uniform value has an RMS of 1/sqrt(3) of its peak; the smoothing below takes that down by another sqrt(1/3).
    this.#amplitude = 32_768 * 10 ** (db / 20) * 3;
    this.#state = seed | 0 || 1;
  }

  fill(out: Int16Array): void {
    for (let i = 0; i < out.length; i += 1) {
      this.#state ^= this.#state << 13;
      this.#state ^= this.#state >>> 17;
      this.#state ^= this.#state << 5;
      const white = this.#state / 0x8000_0000;
      // Low-passed: white noise sounds harsher than a room does.
      this.#previous = (this.#previous + white) / 2;
      out[i] = Math.round(this.#amplitude * this.#previous);
    }
  }
}
