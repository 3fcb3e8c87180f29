import { describe, expect, it } from 'vitest';
import { levelDb, Resampler, resample, sineTone } from '../../../src/audio/index.ts';

/** Signal to noise in dB against a sine of `hz`, found by least squares, with the ends left out. */
function sineSnr(pcm: Int16Array, rate: number, hz: number): number {
  const body = pcm.subarray(rate / 10, pcm.length - rate / 10);
  let sc = 0;
  let ss = 0;
  let cc = 0;
  let sx = 0;
  let cx = 0;
  body.forEach((sample, n) => {
    const s = Math.sin((2 * Math.PI * hz * n) / rate);
    const c = Math.cos((2 * Math.PI * hz * n) / rate);
    sc += s * c;
    ss += s * s;
    cc += c * c;
    sx += s * sample;
    cx += c * sample;
  });
  const determinant = ss * cc - sc * sc;
  const a = (sx * cc - cx * sc) / determinant;
  const b = (cx * ss - sx * sc) / determinant;
  let signal = 0;
  let noise = 0;
  body.forEach((sample, n) => {
    const ideal = a * Math.sin((2 * Math.PI * hz * n) / rate) + b * Math.cos((2 * Math.PI * hz * n) / rate);
    signal += ideal * ideal;
    noise += (sample - ideal) ** 2;
  });
  return 10 * Math.log10(signal / noise);
}

const RATES = [
  [44_100, 16_000],
  [22_050, 16_000],
  [16_000, 44_100],
  [48_000, 16_000],
  [16_000, 48_000],
  [24_000, 16_000],
  [11_025, 8_000],
] as const;

describe('resampling', () => {
  for (const [from, to] of RATES) {
    it(`keeps a tone clean from ${from} to ${to} Hz (SNR over 70 dB)`, () => {
      expect(sineSnr(resample(sineTone(from, 1_000, 1_000, -6), from, to), to, 1_000)).toBeGreaterThan(70);
    });
  }

  for (const [from, to] of RATES.filter(([from, to]) => from > to)) {
    it(`lets nothing above ${to / 2} Hz through from ${from} Hz (alias below -75 dB)`, () => {
      for (const hz of [to / 2 + 100, to * 0.6, to * 0.67].filter((each) => each < from / 2)) {
        const body = resample(sineTone(from, hz, 1_000, -3), from, to).subarray(to / 10, to - to / 10);
        expect(levelDb(body) + 3).toBeLessThan(-75);
      }
    });
  }

  it('is flat to 80 % of the band', () => {
    for (const hz of [100, 2_000, 4_000, 6_000, 6_400]) {
      const body = resample(sineTone(44_100, hz, 500, -10), 44_100, 16_000).subarray(1_600, 6_400);
      expect(Math.abs(levelDb(body) + 10)).toBeLessThan(0.1);
    }
  });

  it('gives the same stream in pieces as in one', () => {
    const tone = sineTone(44_100, 700, 500);
    const whole = new Resampler(44_100, 16_000).process(tone);
    const resampler = new Resampler(44_100, 16_000);
    const pieces: number[] = [];
    for (let at = 0, n = 1; at < tone.length; at += n, n = (n * 7 + 3) % 997) {
      pieces.push(...resampler.process(tone.subarray(at, at + n)));
    }
    expect(Int16Array.from(pieces)).toEqual(whole);
  });

  it('keeps length and place of a whole recording', () => {
    const click = new Int16Array(44_100);
    click[22_050] = 30_000;
    const out = resample(click, 44_100, 16_000);
    expect(out.length).toBe(16_000);
    expect(out.indexOf(out.reduce((most, sample) => Math.max(most, sample), 0))).toBe(8_000);
  });

  it('takes recordings shorter than its filter', () => {
    expect(resample(Int16Array.of(1_000, 1_000), 48_000, 8_000).length).toBe(0);
    expect(resample(new Int16Array(0), 44_100, 16_000).length).toBe(0);
    expect(resample(new Int16Array(30).fill(5_000), 8_000, 48_000).length).toBe(180);
  });

  it('does not wrap around at full scale', () => {
    const square = Int16Array.from({ length: 44_100 }, (_, n) => (n % 100 < 50 ? 32_767 : -32_768));
    const out = resample(square, 44_100, 16_000);
    const high = out.filter((_, n) => ((n * 44_100) / 16_000) % 100 > 10 && ((n * 44_100) / 16_000) % 100 < 40);
    expect(Math.min(...high)).toBeGreaterThan(20_000);
  });

  it('refuses rates that make no sense', () => {
    expect(() => new Resampler(0, 8_000)).toThrow(RangeError);
    expect(() => new Resampler(8_000, 8_000.5)).toThrow(RangeError);
  });
});
