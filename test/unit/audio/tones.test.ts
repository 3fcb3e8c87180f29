import { describe, expect, it } from 'vitest';
import { ComfortNoise, dtmfTone, levelDb, SILENCE_DB, SineGenerator, sineTone } from '../../../src/audio/index.ts';

/** Power at `hz`, in dB against the whole. */
function share(pcm: Int16Array, rate: number, hz: number): number {
  let re = 0;
  let im = 0;
  let total = 0;
  pcm.forEach((sample, n) => {
    re += sample * Math.cos((2 * Math.PI * hz * n) / rate);
    im += sample * Math.sin((2 * Math.PI * hz * n) / rate);
    total += sample * sample;
  });
  return 10 * Math.log10((2 * (re * re + im * im)) / pcm.length / total);
}

describe('level', () => {
  it('is 0 dBFS for a square at full scale, -3 for a sine, and -127 for silence', () => {
    expect(levelDb(new Int16Array(320).fill(-32_768))).toBeCloseTo(0, 6);
    expect(levelDb(sineTone(16_000, 1_000, 100, -3.0103))).toBeCloseTo(-3.01, 1);
    expect(levelDb(new Int16Array(320))).toBe(SILENCE_DB);
    expect(levelDb(new Int16Array(0))).toBe(SILENCE_DB);
  });
});

describe('tones', () => {
  it('have the level that was asked for', () => {
    for (const db of [-6, -20, -40]) expect(levelDb(sineTone(8_000, 440, 500, db))).toBeCloseTo(db, 1);
  });

  it('go on without a step from frame to frame', () => {
    const whole = sineTone(16_000, 440, 100);
    const generator = new SineGenerator(16_000, 440);
    const frames = Array.from({ length: 5 }, () => {
      const frame = new Int16Array(320);
      generator.fill(frame);
      return [...frame];
    });
    const worst = Math.max(...frames.flat().map((sample, n) => Math.abs(sample - (whole[n] as number))));
    expect(worst).toBeLessThanOrEqual(1);
  });

  it('of a key are its row and its column', () => {
    const five = dtmfTone(8_000, '5', 200);
    expect(share(five, 8_000, 770)).toBeGreaterThan(-3.5);
    expect(share(five, 8_000, 1_336)).toBeGreaterThan(-3.5);
    expect(share(dtmfTone(8_000, '#', 200), 8_000, 1_477)).toBeGreaterThan(-3.5);
    expect(share(dtmfTone(8_000, 'd', 200), 8_000, 1_633)).toBeGreaterThan(-3.5);
  });

  it('of a key that does not exist are refused', () => {
    for (const key of ['E', '', '12', ' ']) expect(() => dtmfTone(8_000, key, 100)).toThrow(RangeError);
  });
});

describe('comfort noise', () => {
  it('has the level that was asked for, no tone in it, and is repeatable', () => {
    const noise = new Int16Array(16_000);
    new ComfortNoise(-50).fill(noise);
    expect(levelDb(noise)).toBeGreaterThan(-52);
    expect(levelDb(noise)).toBeLessThan(-48);
    for (const hz of [50, 440, 1_000, 3_000]) expect(share(noise, 16_000, hz)).toBeLessThan(-20);
    const again = new Int16Array(16_000);
    new ComfortNoise(-50).fill(again);
    expect(again).toEqual(noise);
  });
});
