import { describe, expect, it } from 'vitest';
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw } from '../../../src/audio/index.ts';

const codecs = [
  { name: 'µ-law', encode: encodeUlaw, decode: decodeUlaw, silence: 0xff, largest: 32_124 },
  { name: 'A-law', encode: encodeAlaw, decode: decodeAlaw, silence: 0xd5, largest: 32_256 },
];

const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const allSamples = Int16Array.from({ length: 65_536 }, (_, n) => n - 32_768);

for (const { name, encode, decode, silence, largest } of codecs) {
  describe(name, () => {
    it('gives every byte back, but for the two zeros of µ-law', () => {
      const pcm = new Int16Array(256);
      const back = new Uint8Array(256);
      decode(allBytes, pcm);
      encode(pcm, back);
      const changed = [...back].flatMap((byte, n) => (byte === n ? [] : [n]));
      expect(changed).toEqual(name === 'µ-law' ? [0x7f] : []);
    });

    it('is never further off than half a step: a 32nd of the sample', () => {
      const bytes = new Uint8Array(65_536);
      const back = new Int16Array(65_536);
      encode(allSamples, bytes);
      decode(bytes, back);
      const off = (sample: number, n: number) => Math.abs((back[n] as number) - sample) > Math.abs(sample) / 32 + 8;
      expect(allSamples.filter(off)).toEqual(new Int16Array(0));
    });

    it('keeps the order of loudness', () => {
      const bytes = new Uint8Array(65_536);
      const back = new Int16Array(65_536);
      encode(allSamples, bytes);
      decode(bytes, back);
      expect(back).toEqual(back.slice().sort());
    });

    it('has the silence byte and the largest value of the standard', () => {
      const one = new Uint8Array(1);
      encode(Int16Array.of(0), one);
      expect(one[0]).toBe(silence);
      const pcm = new Int16Array(1);
      encode(Int16Array.of(32_767), one);
      decode(one, pcm);
      expect(pcm[0]).toBe(largest);
    });

    it('refuses an output that is too small', () => {
      expect(() => decode(allBytes, new Int16Array(255))).toThrow(RangeError);
      expect(() => encode(allSamples, new Uint8Array(1))).toThrow(RangeError);
    });
  });
}
