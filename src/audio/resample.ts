/** Zero crossings of the sinc on each side of its middle, at the lower of the two rates. */
const CROSSINGS = 32;
/** Kaiser window: stop band about 90 dB down. */
const KAISER_BETA = 9;
/** Where the filter is 6 dB down, as a share of the lower Nyquist frequency; its slope ends at that frequency. */
const CUTOFF = 0.91;

/**
 * Changes the rate of a mono stream by a polyphase FIR filter (windowed sinc). For odd rates off the sound path, such as
 * prompts at 44.1 kHz; on the path Opus decodes and encodes at the agent's own rate. Delays by `delaySamples` of output.
 */
export class Resampler {
  readonly #up: number;
  readonly #down: number;
  readonly #taps: number;
  /** One row of `#taps` coefficients per phase. */
  readonly #rows: Float32Array;
  /** The last `#taps - 1` samples of what came before. */
  #history: Float32Array;
  /** Place of the next output on the grid of `#up` phases per input sample, counted from the next input. */
  #position = 0;

  /** `from` and `to` in Hz, positive integers. */
  constructor(from: number, to: number) {
    if (!Number.isInteger(from) || !Number.isInteger(to) || from <= 0 || to <= 0) {
      throw new RangeError('sample rates are positive whole numbers of Hz');
    }
    const divisor = greatestCommonDivisor(from, to);
    this.#up = to / divisor;
    this.#down = from / divisor;
    this.#taps = Math.ceil(2 * CROSSINGS * Math.max(1, from / to));
    this.#rows = designRows(this.#up, this.#taps, Math.min(1, to / from) * CUTOFF);
    this.#history = new Float32Array(this.#taps - 1);
  }

  /** By how much the output lags, in samples at the output rate. */
  get delaySamples(): number {
    return Math.round(((this.#taps / 2) * this.#up) / this.#down);
  }

  /** Takes any number of samples; gives those that are ready. */
  process(input: Int16Array): Int16Array {
    const past = this.#taps - 1;
    const line = new Float32Array(past + input.length);
    line.set(this.#history);
    line.set(input, past);
    const span = input.length * this.#up;
    const out = new Int16Array(Math.max(0, Math.ceil((span - this.#position) / this.#down)));
    for (let n = 0; n < out.length; n += 1) {
      const index = Math.floor(this.#position / this.#up);
      const row = (this.#position - index * this.#up) * this.#taps;
      let sum = 0;
      for (let k = 0; k < this.#taps; k += 1) sum += this.#rows[row + k]! * line[index + past - k]!;
      out[n] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
      this.#position += this.#down;
    }
    this.#position -= span;
    this.#history = line.slice(input.length);
    return out;
  }

  /** Gives what the filter still holds. The stream is over after it. */
  flush(): Int16Array {
    return this.process(new Int16Array(Math.ceil(this.#taps / 2)));
  }
}

/** A whole recording at another rate, in place with the original: no delay, length scaled and rounded. Rates in Hz. */
export function resample(pcm: Int16Array, from: number, to: number): Int16Array {
  if (from === to) return pcm;
  const resampler = new Resampler(from, to);
  const body = resampler.process(pcm);
  const rest = resampler.flush();
  const out = new Int16Array(Math.round((pcm.length * to) / from));
  const skip = resampler.delaySamples;
  const head = body.subarray(Math.min(skip, body.length)).subarray(0, out.length);
  out.set(head);
  const restSkip = Math.max(0, skip - body.length);
  out.set(rest.subarray(restSkip, restSkip + out.length - head.length), head.length);
  return out;
}

function designRows(up: number, taps: number, cutoff: number): Float32Array {
  const rows = new Float32Array(up * taps);
  const middle = taps / 2;
  for (let phase = 0; phase < up; phase += 1) {
    let sum = 0;
    for (let k = 0; k < taps; k += 1) {
      const x = k + phase / up - middle;
      const value = cutoff * sinc(cutoff * x) * kaiser(x / middle);
      rows[phase * taps + k] = value;
      sum += value;
    }
    // Every phase passes a constant unchanged, otherwise the phases would ripple against each other.
    for (let k = 0; k < taps; k += 1) rows[phase * taps + k] = rows[phase * taps + k]! / sum;
  }
  return rows;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) > 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - x * x)) / besselI0(KAISER_BETA);
}

function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
