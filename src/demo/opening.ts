import { correlate, levelDb, SILENCE_DB } from '../audio/index.ts';

/** How the first moments of a greeting came through. */
export interface Opening {
  /** Where in the recording the greeting begins, ms. */
  readonly startsAtMs: number;
  /** Waveform correlation of the opening, -1..1, at the one place where the whole greeting fits. */
  readonly match: number;
  /** The same of its weakest 20 ms: a beginning that is cut off, faded or late shows here. */
  readonly weakest: number;
  /** Loudness of the weakest 20 ms against what was spoken. */
  readonly weakestDb: number;
}

const RATE = 16_000;
const WINDOW = RATE / 50;
/** How far the opening may lie from the place of the whole: the codec moves sound by parts of a millisecond. */
const PLAY = RATE / 1_000;
/** What is softer than this is the silence before the first sound, dBFS. */
const SOUND_DB = -60;

/**
 * Finds a greeting in what was heard, by the whole of it, and compares its first `ms` of sound there. Both at 16 kHz. Null if
 * the greeting is silence, or nothing like it was heard.
 */
export function measureOpening(greeting: Int16Array, heard: Int16Array, ms: number): Opening | null {
  const spoken = greeting.subarray(firstSound(greeting));
  const { lagMs, envelope } = correlate(spoken, heard, RATE);
  if (spoken.length === 0 || envelope === 0) return null;
  const place = bestPlace(spoken, heard, (ms * RATE) / 1_000, Math.round((lagMs * RATE) / 1_000));
  const windows = Array.from({ length: ms / 20 }, (_, n) =>
    compare(spoken, heard, n * WINDOW, (n + 1) * WINDOW, place),
  );
  return {
    startsAtMs: (place * 1_000) / RATE,
    match: compare(spoken, heard, 0, (ms * RATE) / 1_000, place).match,
    weakest: Math.min(...windows.map(({ match }) => match)),
    weakestDb: Math.min(...windows.map(({ gainDb }) => gainDb)),
  };
}

function firstSound(samples: Int16Array): number {
  for (let at = 0; at < samples.length; at += WINDOW) {
    if (Math.max(SILENCE_DB, levelDb(samples.subarray(at, at + WINDOW))) > SOUND_DB) return at;
  }
  return samples.length;
}

function bestPlace(spoken: Int16Array, heard: Int16Array, length: number, near: number): number {
  let best = { place: near, match: -1 };
  for (let place = near - PLAY; place <= near + PLAY; place += 1) {
    const { match } = compare(spoken, heard, 0, length, place);
    if (match > best.match) best = { place, match };
  }
  return best.place;
}

function compare(spoken: Int16Array, heard: Int16Array, from: number, to: number, lag: number) {
  let both = 0;
  let said = 0;
  let came = 0;
  for (let n = from; n < to; n += 1) {
    const x = spoken[n] ?? 0;
    const y = heard[n + lag] ?? 0;
    both += x * y;
    said += x * x;
    came += y * y;
  }
  return { match: both / Math.sqrt(said * came || 1), gainDb: 10 * Math.log10((came || 1) / (said || 1)) };
}
