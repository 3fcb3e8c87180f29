/** The seed of what was on the way when the person interrupted, and must not be heard. */
export const STALE_VOICE = 9;

const HARMONICS = 3;
/** Waveforms are first compared at about this rate; the exact place is then found at the full one. */
const COARSE_HZ = 4_000;
/** Correlation of a stretch that is what it seems to be, for sure and most likely. */
const CERTAIN = 0.85;
const LIKELY = 0.6;

/** What was made already: it takes a while, and real time does not wait. */
const made = new Map<string, Int16Array>();

/**
 * Something like a voice that never pauses, at `rate` Hz, with nothing above 2 kHz: its pitch and loudness wander, so that
 * every stretch of it has one place in time, and Opus keeps its waveform. Each `seed` (0, 1, 2, …) is another one, always
 * the same; a longer one begins as a shorter one.
 */
export function voice(seed: number, ms: number, rate: number): Int16Array {
  const samples = Math.round((ms * rate) / 1000);
  const key = `${seed} at ${rate}`;
  let longest = made.get(key);
  if (longest === undefined || longest.length < samples) {
    longest = makeVoice(seed, samples, rate);
    made.set(key, longest);
  }
  return longest.subarray(0, samples);
}

function makeVoice(seed: number, samples: number, rate: number): Int16Array {
  const pcm = new Int16Array(samples);
  let phase = 0;
  for (let n = 0; n < samples; n += 1) {
    const t = n / rate;
    const pitch = 350 + 110 * wave(1.1 + 0.17 * seed, t, seed) + 30 * wave(2.3 + 0.31 * seed, t, 2 * seed);
    phase += (2 * Math.PI * pitch) / rate;
    let sum = 0;
    for (let harmonic = 1; harmonic <= HARMONICS; harmonic += 1) sum += Math.sin(harmonic * phase) / harmonic;
    pcm[n] = Math.round(6_000 * (0.75 + 0.25 * wave(2.1 + 0.29 * seed, t, seed)) * sum);
  }
  return pcm;
}

function wave(hz: number, t: number, shift: number): number {
  return Math.sin(2 * Math.PI * hz * t + shift);
}

/** Where one stretch of what was said is in what was heard. */
export interface Piece {
  readonly saidMs: number;
  /** How much later it is heard, each from the beginning of its recording. */
  readonly lagMs: number;
  /** Correlation of the waveforms, -1..1. */
  readonly match: number;
}

export interface TraceOptions {
  readonly rate?: number;
  readonly pieceMs?: number;
  /** How far a piece may be off from the one before, milliseconds. */
  readonly playMs?: number;
  /** The first piece is not sought before this, milliseconds. */
  readonly fromMs?: number;
}

/** Finds every stretch of what was said, one after the other; a rest that is shorter than one is joined with the last. */
export function trace(said: Int16Array, heard: Int16Array, options: TraceOptions = {}): Piece[] {
  const { rate = 16_000, pieceMs = 200, playMs = 100, fromMs = 0 } = options;
  const step = Math.round(rate / COARSE_HZ);
  const coarse = { said: decimate(said, step), heard: decimate(heard, step) };
  const samples = (pieceMs * rate) / 1000;
  const play = (playMs * rate) / 1000;
  const count = Math.max(1, Math.floor(said.length / samples));
  const spans = Array.from({ length: count }, (_, n) => ({
    from: n * samples,
    to: n === count - 1 ? said.length : (n + 1) * samples,
  }));
  const find = ({ from, to }: { from: number; to: number }, least: number, most: number) => {
    const rough = bestLag(coarse.said, from / step, to / step, coarse.heard, least / step, most / step, 2);
    const lag = rough.lag * step;
    return bestLag(said, from, to, heard, lag - 3 * step, lag + 3 * step, 1);
  };

  // One that can be told is sought everywhere, the others near it.
  let anchor = { lag: 0, match: -1 };
  for (const span of spans) {
    const found = find(span, (fromMs * rate) / 1000 - span.from, heard.length - span.to);
    if (found.match > anchor.match) anchor = found;
    if (anchor.match > CERTAIN) break;
  }
  let near = anchor.lag;
  return spans.map((span) => {
    const { lag, match } = find(span, near - play, near + play);
    if (match > LIKELY) near = lag;
    return { saidMs: (span.from * 1000) / rate, lagMs: (lag * 1000) / rate, match };
  });
}

function bestLag(
  said: ArrayLike<number>,
  from: number,
  to: number,
  heard: ArrayLike<number>,
  least: number,
  most: number,
  stride: number,
) {
  let best = { lag: Math.round(least), match: -1 };
  for (let lag = Math.round(least); lag <= most; lag += stride) {
    const match = correlation(said, Math.round(from), Math.round(to), heard, lag);
    if (match > best.match) best = { lag, match };
  }
  return best;
}

function correlation(said: ArrayLike<number>, from: number, to: number, heard: ArrayLike<number>, lag: number): number {
  let product = 0;
  let ss = 0;
  let hh = 0;
  for (let i = from; i < to; i += 1) {
    const s = said[i] ?? 0;
    const h = heard[i + lag] ?? 0;
    product += s * h;
    ss += s * s;
    hh += h * h;
  }
  return ss === 0 || hh === 0 ? 0 : product / Math.sqrt(ss * hh);
}

function decimate(pcm: Int16Array, step: number): Float32Array {
  const out = new Float32Array(Math.floor(pcm.length / step));
  for (let n = 0; n < out.length; n += 1) {
    let sum = 0;
    for (let i = n * step; i < (n + 1) * step; i += 1) sum += pcm[i] ?? 0;
    out[n] = sum / step;
  }
  return out;
}
