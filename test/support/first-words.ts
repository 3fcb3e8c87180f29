import { correlate } from '../../src/audio/index.ts';

const RATE = 16_000;
const WINDOW = RATE / 50;
/** How far one window may lie from the place of the whole, in samples. */
const PLAY = RATE / 1_000;

/** How a window of 20 ms came through. */
export interface HeardWindow {
  /** -1..1 */
  readonly match: number;
  /** Loudness against what was spoken. */
  readonly gainDb: number;
}

/**
 * Finds words (16 kHz, beginning without a pause) in what was heard, by the whole of them, and compares their first `ms` in
 * windows of 20 ms at that one place: a beginning that is cut off, faded or late shows in its own window.
 */
export function firstWords(spoken: Int16Array, heard: Int16Array, ms: number): HeardWindow[] {
  const lag = Math.round((correlate(spoken, heard, RATE).lagMs * RATE) / 1_000);
  return Array.from({ length: ms / 20 }, (_, n) => {
    const windows = Array.from({ length: 2 * PLAY + 1 }, (_each, shift) =>
      compare(spoken, heard, n * WINDOW, lag - PLAY + shift),
    );
    return windows.reduce((best, each) => (each.match > best.match ? each : best));
  });
}

function compare(spoken: Int16Array, heard: Int16Array, from: number, lag: number): HeardWindow {
  let both = 0;
  let said = 0;
  let came = 0;
  for (let n = from; n < from + WINDOW; n += 1) {
    const x = spoken[n] ?? 0;
    const y = heard[n + lag] ?? 0;
    both += x * y;
    said += x * x;
    came += y * y;
  }
  return { match: both / Math.sqrt(said * came || 1), gainDb: 10 * Math.log10((came || 1) / (said || 1)) };
}
