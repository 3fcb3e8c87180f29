import { describe, expect, it } from 'vitest';
import { parseWav, sineTone, toMono, WavError, writeWav } from '../../../src/audio/index.ts';

const tone = sineTone(16_000, 440, 50);

/** The file with bytes replaced from `at` on. */
function patched(at: number, ...bytes: number[]): Uint8Array {
  const file = writeWav(tone, 16_000);
  file.set(bytes, at);
  return file;
}

describe('WAV', () => {
  it('gives back what was written, mono and stereo, at any rate', () => {
    for (const rate of [8_000, 22_050, 44_100, 48_000]) {
      expect(parseWav(writeWav(tone, rate))).toEqual({ rate, channels: 1, samples: tone });
      expect(parseWav(writeWav(tone, rate, 2))).toEqual({ rate, channels: 2, samples: tone });
    }
  });

  it('reads a view into a larger buffer, at odd places too', () => {
    const file = writeWav(tone, 16_000);
    const larger = new Uint8Array(file.length + 7);
    larger.set(file, 3);
    expect(parseWav(larger.subarray(3, 3 + file.length)).samples).toEqual(tone);
  });

  it('passes over chunks it does not know, with their padding', () => {
    const file = writeWav(tone, 16_000);
    const list = Uint8Array.of(0x4c, 0x49, 0x53, 0x54, 3, 0, 0, 0, 1, 2, 3, 0);
    const both = new Uint8Array([...file.subarray(0, 36), ...list, ...file.subarray(36)]);
    expect(parseWav(both).samples).toEqual(tone);
  });

  it('reads a file whose writer never filled in the length', () => {
    expect(parseWav(patched(40, 0xff, 0xff, 0xff, 0xff)).samples).toEqual(tone);
    expect(parseWav(patched(40, 0, 0, 0, 0)).samples).toEqual(tone);
  });

  it('reads what is there of a file that was cut short', () => {
    expect(parseWav(writeWav(tone, 16_000).subarray(0, 145)).samples).toEqual(tone.subarray(0, 50));
  });

  it('reads the extensible form', () => {
    const file = writeWav(tone, 16_000);
    const format = new Uint8Array(8 + 40);
    format.set(file.subarray(12, 36));
    format[4] = 40;
    format[8] = 0xfe;
    format[9] = 0xff;
    format[32] = 1;
    const whole = new Uint8Array([...file.subarray(0, 12), ...format, ...file.subarray(36)]);
    expect(parseWav(whole).samples).toEqual(tone);
  });

  it('makes one channel of two', () => {
    expect(toMono({ rate: 8_000, channels: 2, samples: Int16Array.of(100, 300, -5, -5) })).toEqual(
      Int16Array.of(200, -5),
    );
  });

  it('says what is wrong with a file', () => {
    const reasons: [Uint8Array, string][] = [
      [new Uint8Array(0), 'not a RIFF WAV'],
      [patched(0, 0x4f), 'not a RIFF WAV'],
      [patched(20, 3), '16-bit PCM'],
      [patched(34, 8), '16-bit PCM'],
      [patched(22, 6), '1 or 2 channels'],
      [patched(24, 0, 0, 0, 0), 'rate'],
      [patched(12, 0x58), 'before the fmt'],
      [patched(36, 0x58), 'no data chunk'],
      [writeWav(tone, 16_000).subarray(0, 30), 'cut short'],
    ];
    for (const [file, reason] of reasons) {
      expect(() => parseWav(file)).toThrow(WavError);
      expect(() => parseWav(file)).toThrow(reason);
    }
  });
});
