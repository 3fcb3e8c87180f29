import { readFileSync } from 'node:fs';
import { levelDb, parseWav, resample, samplesPerFrame } from '../../src/audio/index.ts';

const HELLO_RATE = 16_000;
const { samples: hello } = parseWav(readFileSync('assets/audio/hello.wav'));

/** The spoken fixture at `rate` Hz, in frames of 20 ms. */
export function speechFrames(rate: number): Int16Array[] {
  const pcm = resample(hello, HELLO_RATE, rate);
  const samples = samplesPerFrame(rate);
  return Array.from({ length: Math.floor(pcm.length / samples) }, (_, n) =>
    pcm.subarray(n * samples, (n + 1) * samples),
  );
}

/** Whether somebody speaks in this frame. */
export function isLoud(frame: Int16Array): boolean {
  return levelDb(frame) > -25;
}

export function joinFrames(frames: readonly Int16Array[]): Int16Array {
  return Int16Array.from(frames.flatMap((frame) => [...frame]));
}
