import { describe, expect, it } from 'vitest';
import { ComfortTone } from '../../../src/audio/comfort-tone.ts';
import { findGaps } from '../../../src/audio/correlate.ts';
import { levelDb } from '../../../src/audio/level.ts';

const RATES = [8_000, 16_000, 24_000, 48_000];

function toneOf(rate: number, ms: number): Int16Array {
  const tone = new ComfortTone(rate);
  const samples = rate / 50;
  const out = new Int16Array((rate * ms) / 1_000);
  for (let at = 0; at < out.length; at += samples) tone.fill(out.subarray(at, at + samples));
  return out;
}

const largestStep = (pcm: Int16Array) =>
  pcm.reduce((worst, sample, n) => (n === 0 ? worst : Math.max(worst, Math.abs(sample - (pcm[n - 1] as number)))), 0);

describe.each(RATES)('the comfort tone at %i Hz', (rate) => {
  it('is a soft pulse of 400 ms each 1.2 s', () => {
    const pcm = toneOf(rate, 4_800);
    const at = (ms: number) => Math.round((ms * rate) / 1_000);
    for (const from of [0, 1_200, 2_400, 3_600]) {
      // Between its edges.
      expect(levelDb(pcm.subarray(at(from + 100), at(from + 300)))).toBeCloseTo(-30, 0);
      expect(levelDb(pcm.subarray(at(from + 420), at(from + 1_180)))).toBeLessThan(-50);
    }
  });

  it('leaves no silence of a second, and no dead line at all', () => {
    const pcm = toneOf(rate, 6_000);
    const gaps = findGaps(pcm, rate, 20, -50);
    expect(gaps.length).toBeGreaterThan(0);
    expect(Math.max(...gaps.map(({ durationMs }) => durationMs))).toBeLessThan(1_000);
    expect(findGaps(pcm, rate, 20, -70)).toEqual([]);
  });

  it('begins, pulses and ends without a click', () => {
    const pcm = toneOf(rate, 2_400);
    const slope = (2 * Math.PI * 440 * 32_768 * Math.SQRT2 * 10 ** (-30 / 20)) / rate;
    const noise = 160;
    expect(Math.abs(pcm[0] as number)).toBeLessThan(noise);
    expect(largestStep(pcm)).toBeLessThan(slope + noise);
  });

  it('dies away under what comes after it', () => {
    const tone = new ComfortTone(rate);
    const last = new Int16Array(rate / 50);
    for (let n = 0; n < 10; n += 1) tone.fill(last);
    const end = new Int16Array(rate / 50);
    tone.fadeInto(end);
    const joined = new Int16Array([...last, ...end, 0]);
    const slope = (2 * Math.PI * 440 * 32_768 * Math.SQRT2 * 10 ** (-30 / 20)) / rate;
    expect(largestStep(joined)).toBeLessThan(slope + 160);
    expect(Math.abs(end.at(-1) as number)).toBeLessThan(5);
    expect(levelDb(end)).toBeGreaterThan(-45);
  });
});

describe('the comfort tone', () => {
  it('is the same every time', () => {
    expect(toneOf(16_000, 1_300)).toEqual(toneOf(16_000, 1_300));
  });

  it('adds itself to what it dies away under, within full scale', () => {
    const tone = new ComfortTone(8_000);
    for (let n = 0; n < 10; n += 1) tone.fill(new Int16Array(160));
    const loud = new Int16Array(160).fill(32_700);
    tone.fadeInto(loud);
    expect(Math.min(...loud)).toBeGreaterThan(30_000);
  });

  it('begins anew with a pulse', () => {
    const tone = new ComfortTone(16_000);
    const frame = new Int16Array(320);
    for (let n = 0; n < 30; n += 1) tone.fill(frame);
    expect(levelDb(frame)).toBeLessThan(-50);
    tone.restart();
    for (let n = 0; n < 8; n += 1) tone.fill(frame);
    expect(levelDb(frame)).toBeGreaterThan(-33);
  });
});
