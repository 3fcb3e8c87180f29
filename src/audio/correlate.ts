import { levelDb } from './level.ts';

/** How well a recording matches what was spoken. */
export interface Correlation {
  /** How much later the heard sound begins than the spoken one, from the start of each recording. May be negative. */
  readonly lagMs: number;
  /** Waveform correlation, -1..1: the mean over stretches of a second, each at its own best lag, weighted by energy. */
  readonly waveform: number;
  /** Correlation of the loudness in three bands, -1..1. */
  readonly envelope: number;
}

/** A stretch without sound. */
export interface Gap {
  readonly startMs: number;
  readonly durationMs: number;
}

/** Envelopes have one value per 10 ms. */
const ENVELOPE_HZ = 100;
const BANDS_HZ = [300, 800, 2000] as const;
/** Waveforms are first compared at about this rate; the exact place is then found at the full rate. */
const COARSE_HZ = 4_000;
const SEGMENT_MS = 1_000;
/** How far one stretch may lie from the rest: a jitter buffer moves them against each other. */
const SEGMENT_PLAY_MS = 120;
const GAP_WINDOW_MS = 5;

/**
 * Compares two mono recordings of the same `rate` (Hz): finds the lag by loudness, then compares waveforms around it.
 * `maxLagMs` bounds the search in both directions. All figures are 0 if either recording has no sound.
 */
export function correlate(spoken: Int16Array, heard: Int16Array, rate: number, maxLagMs = 5_000): Correlation {
  const { lag, envelope } = envelopeMatch(spoken, heard, rate, Math.ceil((maxLagMs * ENVELOPE_HZ) / 1000));
  if (envelope === 0) return { lagMs: 0, waveform: 0, envelope: 0 };
  const { lagMs, waveform } = waveformMatch(spoken, heard, rate, (lag * 1000) / ENVELOPE_HZ);
  return { lagMs, waveform, envelope };
}

/** Stretches of at least `minMs` in which every 5 ms window is below `thresholdDb` (dBFS). */
export function findGaps(pcm: Int16Array, rate: number, minMs: number, thresholdDb = -60): Gap[] {
  const window = Math.round((rate * GAP_WINDOW_MS) / 1000);
  const gaps: Gap[] = [];
  let start: number | null = null;
  const close = (end: number) => {
    if (start !== null && ((end - start) * 1000) / rate >= minMs) {
      gaps.push({ startMs: (start * 1000) / rate, durationMs: ((end - start) * 1000) / rate });
    }
    start = null;
  };
  for (let at = 0; at < pcm.length; at += window) {
    if (levelDb(pcm.subarray(at, at + window)) >= thresholdDb) close(at);
    else start ??= at;
  }
  close(pcm.length);
  return gaps;
}

function envelopeMatch(spoken: Int16Array, heard: Int16Array, rate: number, maxLag: number) {
  const pairs = BANDS_HZ.filter((hz) => hz < 0.45 * rate).map((hz) => ({
    a: bandEnvelope(spoken, rate, hz),
    b: bandEnvelope(heard, rate, hz),
  }));
  let best = { lag: 0, envelope: 0 };
  for (let lag = -maxLag; lag <= maxLag; lag += 1) {
    let sum = 0;
    for (const { a, b } of pairs) sum += normalisedProduct(a, 0, a.length, b, lag);
    const envelope = sum / pairs.length;
    if (envelope > best.envelope) best = { lag, envelope };
  }
  return best;
}

function waveformMatch(spoken: Int16Array, heard: Int16Array, rate: number, coarseLagMs: number) {
  const step = Math.max(1, Math.round(rate / COARSE_HZ));
  const a = decimate(spoken, step);
  const b = decimate(heard, step);
  const perMs = rate / step / 1000;
  const length = Math.round(SEGMENT_MS * perMs);
  const play = Math.round(SEGMENT_PLAY_MS * perMs);
  const coarse = Math.round(coarseLagMs * perMs);
  const full = { a: Float32Array.from(spoken), b: Float32Array.from(heard) };
  const found: { lag: number; value: number; weight: number }[] = [];
  for (let from = 0; from < a.length; from += length) {
    const weight = energy(a, from, Math.min(a.length, from + length));
    if (weight === 0) continue;
    const near = bestLag(a, from, length, b, coarse - play, coarse + play);
    const exact = bestLag(full.a, from * step, length * step, full.b, (near.lag - 1) * step, (near.lag + 1) * step);
    found.push({ ...exact, weight });
  }
  const total = found.reduce((sum, { weight }) => sum + weight, 0);
  const waveform = found.reduce((sum, { value, weight }) => sum + value * weight, 0) / Math.max(total, 1e-9);
  return { waveform, lagMs: (weightedMedian(found, total) * 1000) / rate };
}

function bestLag(a: Float32Array, from: number, length: number, b: Float32Array, least: number, most: number) {
  const to = Math.min(a.length, from + length);
  let best = { lag: least, value: -1 };
  for (let lag = least; lag <= most; lag += 1) {
    const value = normalisedProduct(a, from, to, b, lag);
    if (value > best.value) best = { lag, value };
  }
  return best;
}

/** Correlation of a[from..to) with b shifted by `lag`; what lies beyond the ends of b counts as zero. */
function normalisedProduct(a: Float32Array, from: number, to: number, b: Float32Array, lag: number): number {
  let product = 0;
  let aa = 0;
  let bb = 0;
  const start = Math.max(from, -lag);
  const end = Math.min(to, b.length - lag);
  for (let i = start; i < end; i += 1) {
    const x = a[i]!;
    const y = b[i + lag]!;
    product += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (start > from) aa += energy(a, from, Math.min(start, to));
  if (end < to) aa += energy(a, Math.max(end, from), to);
  return aa === 0 || bb === 0 ? 0 : product / Math.sqrt(aa * bb);
}

function energy(a: Float32Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += a[i]! * a[i]!;
  return sum;
}

/** Loudness of a band around `hz` (one octave wide), as the root of its RMS so that quiet parts count too; mean removed. */
function bandEnvelope(pcm: Int16Array, rate: number, hz: number): Float32Array {
  const hop = Math.round(rate / ENVELOPE_HZ);
  const out = new Float32Array(Math.floor(pcm.length / hop));
  const omega = (2 * Math.PI * hz) / rate;
  const alpha = Math.sin(omega) / (2 * Math.SQRT2);
  const gain = alpha / (1 + alpha);
  const c1 = (-2 * Math.cos(omega)) / (1 + alpha);
  const c2 = (1 - alpha) / (1 + alpha);
  let x1 = 0;
  let x2 = 0;
  let y1 = 0;
  let y2 = 0;
  for (let n = 0; n < out.length; n += 1) {
    let sum = 0;
    for (let i = n * hop; i < (n + 1) * hop; i += 1) {
      const x = pcm[i]!;
      const y = gain * (x - x2) - c1 * y1 - c2 * y2;
      x2 = x1;
      x1 = x;
      y2 = y1;
      y1 = y;
      sum += y * y;
    }
    // Codec noise far below speech is no loudness.
    out[n] = Math.sqrt(Math.max(0, Math.sqrt(sum / hop) - 1));
  }
  const mean = out.reduce((total, value) => total + value, 0) / Math.max(1, out.length);
  return out.map((value) => value - mean);
}

function decimate(pcm: Int16Array, step: number): Float32Array {
  const out = new Float32Array(Math.floor(pcm.length / step));
  for (let n = 0; n < out.length; n += 1) {
    let sum = 0;
    for (let i = n * step; i < (n + 1) * step; i += 1) sum += pcm[i]!;
    out[n] = sum / step;
  }
  return out;
}

function weightedMedian(found: readonly { lag: number; weight: number }[], total: number): number {
  let seen = 0;
  for (const { lag, weight } of [...found].sort((x, y) => x.lag - y.lag)) {
    seen += weight;
    if (seen >= total / 2) return lag;
  }
  return 0;
}
