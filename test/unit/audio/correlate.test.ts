import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { correlate, findGaps, parseWav, sineTone } from '../../../src/audio/index.ts';

const RATE = 16_000;
const speech = parseWav(readFileSync('assets/audio/hello.wav')).samples;

function delayed(pcm: Int16Array, ms: number, gain = 1): Int16Array {
  const shift = Math.round((ms * RATE) / 1000);
  const out = new Int16Array(pcm.length + Math.max(0, shift));
  pcm.forEach((sample, n) => {
    if (n + shift >= 0) out[n + shift] = sample * gain;
  });
  return out;
}

function withNoise(pcm: Int16Array, amplitude: number): Int16Array {
  let state = 1;
  return pcm.map((sample) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.max(-32_768, Math.min(32_767, sample + (state / 2 ** 31 - 1) * amplitude));
  });
}

describe('correlation', () => {
  for (const ms of [0, 37, 250, 1_900, -300]) {
    it(`finds a delay of ${ms} ms to a fraction of a millisecond`, () => {
      const match = correlate(speech, delayed(speech, ms, 0.3), RATE);
      expect(match.lagMs).toBeCloseTo(ms, 0);
      expect(match.waveform).toBeGreaterThan(ms < 0 ? 0.9 : 0.99);
      expect(match.envelope).toBeGreaterThan(ms < 0 ? 0.9 : 0.96);
    });
  }

  it('forgives a jitter buffer that moved in the middle', () => {
    const half = Math.floor(speech.length / 2);
    const moved = new Int16Array(speech.length + 640);
    moved.set(speech.subarray(0, half), 0);
    moved.set(speech.subarray(half), half + 640);
    const match = correlate(speech, moved, RATE);
    expect(match.waveform).toBeGreaterThan(0.9);
    expect(match.envelope).toBeGreaterThan(0.75);
  });

  it('falls with noise', () => {
    const some = correlate(speech, withNoise(speech, 3_000), RATE);
    const more = correlate(speech, withNoise(speech, 12_000), RATE);
    expect(some.waveform).toBeLessThan(0.95);
    expect(more.waveform).toBeLessThan(some.waveform - 0.2);
  });

  it('is low for another sound, and for the same words backwards', () => {
    const backwards = Int16Array.from(speech).reverse();
    expect(correlate(speech, backwards, RATE).waveform).toBeLessThan(0.4);
    expect(correlate(speech, sineTone(RATE, 440, 6_000), RATE).waveform).toBeLessThan(0.4);
  });

  it('falls when a part was not heard', () => {
    const missing = speech.slice();
    missing.fill(0, speech.length / 2);
    const match = correlate(speech, missing, RATE);
    expect(match.waveform).toBeLessThan(0.75);
    expect(match.envelope).toBeLessThan(0.9);
  });

  it('is zero without sound', () => {
    const silence = new Int16Array(speech.length);
    for (const [a, b] of [
      [speech, silence],
      [silence, speech],
      [speech, new Int16Array(0)],
      [new Int16Array(0), speech],
    ] as const) {
      expect(correlate(a, b, RATE)).toEqual({ lagMs: 0, waveform: 0, envelope: 0 });
    }
  });

  it('takes under two seconds for half a minute', () => {
    const long = new Int16Array(30 * RATE);
    for (let at = 0; at < long.length; at += speech.length) long.set(speech.subarray(0, long.length - at), at);
    const before = performance.now();
    expect(correlate(long, delayed(long, 120), RATE).lagMs).toBeCloseTo(120, 0);
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});

describe('gaps', () => {
  it('are found with their place and length, if long enough', () => {
    const tone = sineTone(RATE, 440, 1_000);
    tone.fill(0, 3_200, 4_160);
    tone.fill(0, 8_000, 8_320);
    expect(findGaps(tone, RATE, 40)).toEqual([{ startMs: 200, durationMs: 60 }]);
    expect(findGaps(tone, RATE, 20).length).toBe(2);
  });

  it('may reach to the end', () => {
    const tone = sineTone(RATE, 440, 200);
    tone.fill(0, 1_600);
    expect(findGaps(tone, RATE, 50)).toEqual([{ startMs: 100, durationMs: 100 }]);
    expect(findGaps(new Int16Array(0), RATE, 1)).toEqual([]);
  });
});
