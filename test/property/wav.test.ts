import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWav, WavError, writeWav } from '../../src/audio/index.ts';

/** Anything: throws WavError or gives sound that fits into the bytes. */
function check(bytes: Uint8Array): void {
  try {
    const { samples, channels, rate } = parseWav(bytes);
    expect(samples.length * 2).toBeLessThanOrEqual(bytes.length);
    expect(samples.length % channels).toBe(0);
    expect(rate).toBeGreaterThan(0);
  } catch (error) {
    expect(error).toBeInstanceOf(WavError);
  }
}

describe('the WAV parser', () => {
  it('gives back any sound that was written', () => {
    fc.assert(
      fc.property(fc.int16Array({ maxLength: 500 }), fc.integer({ min: 1_000, max: 384_000 }), (samples, rate) => {
        // A length of 0 in the head means "not filled in", and nothing follows it either way.
        expect(parseWav(writeWav(samples, rate))).toEqual({ rate, channels: 1, samples });
      }),
    );
  });

  it('survives any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check), { numRuns: 500 });
  });

  it('survives any damage to a good file', () => {
    const damage = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(damage, fc.nat(150), (changes, length) => {
        const file = writeWav(new Int16Array(50).fill(7), 8_000);
        for (const [at, value] of changes) file[at] = value;
        check(file.subarray(0, length));
      }),
      { numRuns: 2_000 },
    );
  });
});
