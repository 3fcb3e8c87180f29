import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseWav } from '../../../src/audio/index.ts';
import { measureOpening } from '../../../src/demo/opening.ts';

const RATE = 16_000;
const ms = (count: number) => (count * RATE) / 1_000;
const hello = parseWav(readFileSync('assets/audio/hello.wav')).samples.slice(0, ms(3_000));

describe('The opening of a greeting', () => {
  it('is found where it begins, whole', () => {
    const opening = measureOpening(hello, later(340, hello), 100);
    expect(opening?.startsAtMs).toBe(340);
    expect(opening?.match).toBeCloseTo(1);
    expect(opening?.weakest).toBeCloseTo(1);
    expect(opening?.weakestDb).toBeCloseTo(0);
  });

  it.each([20, 40, 60, 100])('shows that its first %i ms are cut off', (cut) => {
    const heard = later(340, hello);
    heard.fill(0, 0, ms(340 + cut));
    const opening = measureOpening(hello, heard, 100);
    expect(opening?.weakest).toBeLessThan(0.1);
    expect(opening?.weakestDb).toBeLessThan(-40);
  });

  it('shows that it fades in', () => {
    const faded = hello.map((sample, n) => (n < ms(100) ? Math.round((sample * n) / ms(100)) : sample));
    expect(measureOpening(hello, later(100, faded), 100)?.weakestDb).toBeLessThan(-6);
  });

  it('shows that a piece in it is missing', () => {
    const skipped = Int16Array.from([...hello.subarray(0, ms(40)), ...hello.subarray(ms(60))]);
    expect(measureOpening(hello, later(100, skipped), 100)?.weakest).toBeLessThan(0.5);
  });

  it('begins with the first sound of a greeting that begins with silence', () => {
    const opening = measureOpening(later(500, hello), later(700, hello), 100);
    expect(opening?.startsAtMs).toBe(700);
    expect(opening?.weakest).toBeCloseTo(1);
  });

  it.each([
    ['nothing was heard', hello, new Int16Array(0)],
    ['silence was heard', hello, new Int16Array(RATE)],
    ['the greeting is silence', new Int16Array(RATE), hello],
    ['there is no greeting', new Int16Array(0), hello],
  ])('is null if %s', (_when, greeting, heard) => {
    expect(measureOpening(greeting, heard, 100)).toBeNull();
  });
});

function later(silenceMs: number, samples: Int16Array): Int16Array {
  const all = new Int16Array(ms(silenceMs) + samples.length);
  all.set(samples, ms(silenceMs));
  return all;
}
