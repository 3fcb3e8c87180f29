import { describe, expect, it } from 'vitest';
import { correlate, createPulledFrame, levelDb, opusPacketTicks, type PulledFrame } from '../../../src/audio/index.ts';
import type { SampleRate } from '../../../src/call/index.ts';
import { createOpusDecoder, type OpusDecoder } from '../../../src/webrtc/codec/opus-decoder.ts';
import { createOpusEncoder, type OpusEncoder, opusBackend } from '../../../src/webrtc/codec/opus-encoder.ts';
import { OPUS_SILENCE } from '../../../src/webrtc/codec/opus-silence.ts';
import { isLoud, joinFrames, speechFrames } from '../../support/speech.ts';

const RATES: readonly SampleRate[] = [8_000, 16_000, 24_000, 48_000];
const noNative = () => {
  throw new Error('no binary for this platform');
};
const TOC_WIDEBAND_20_MS = 0x48;

const encodeAll = (encoder: OpusEncoder, frames: readonly Int16Array[]) =>
  frames.map((frame) => encoder.encode(frame).slice());
const frame = (kind: PulledFrame['kind'], ...payloads: Uint8Array[]): PulledFrame => ({
  ...createPulledFrame(),
  kind,
  payloads,
});

/** Error of `heard` against `wanted`, dB below the signal. */
function snr(heard: readonly Int16Array[], wanted: readonly Int16Array[]): number {
  let signal = 0;
  let error = 0;
  wanted.forEach((frame, n) => {
    frame.forEach((sample, i) => {
      signal += sample * sample;
      error += (sample - (heard[n]?.[i] ?? 0)) ** 2;
    });
  });
  return 10 * Math.log10(signal / error);
}

function decodeAll(decoder: OpusDecoder, packets: readonly Uint8Array[]): Int16Array[] {
  return packets.map((packet) => decoder.decode(packet).slice());
}

describe('encoder', () => {
  it('is the native one on this machine', async () => {
    expect(opusBackend()).toBe('native');
    expect((await createOpusEncoder(16_000)).backend).toBe('native');
  });

  it('falls back to WebAssembly where the native one does not load', async () => {
    const encoder = await createOpusEncoder(16_000, {}, noNative);
    expect(encoder.backend).toBe('wasm');
    encoder.close();
    encoder.close();
  });

  for (const [name, load] of [
    ['native', undefined],
    ['WebAssembly', noNative],
  ] as const) {
    for (const rate of RATES) {
      it(`(${name}, ${rate} Hz) gives speech back that is understood, at about 20 kbit/s`, async () => {
        const frames = speechFrames(rate);
        const encoder = await createOpusEncoder(rate, {}, load);
        const decoder = await createOpusDecoder(rate);
        const packets = encodeAll(encoder, frames);
        const heard = joinFrames(decodeAll(decoder, packets));
        const match = correlate(joinFrames(frames), heard, rate, 500);
        expect(match.waveform).toBeGreaterThan(0.85);
        expect(match.envelope).toBeGreaterThan(0.95);
        const bitrate = (packets.reduce((sum, packet) => sum + packet.length, 0) * 8 * 50) / packets.length;
        expect(bitrate).toBeGreaterThan(8_000);
        expect(bitrate).toBeLessThan(24_000);
        expect(packets.every((packet) => opusPacketTicks(packet) === 960 && ((packet[0] as number) & 4) === 0)).toBe(
          true,
        );
        encoder.close();
        decoder.close();
      });
    }

    it(`(${name}) spends less time at complexity 1 and stays in wideband`, async () => {
      const encoder = await createOpusEncoder(16_000, {}, load);
      const frames = speechFrames(16_000);
      const time = (complexity: number) => {
        encoder.setComplexity(complexity);
        const before = performance.now();
        for (let n = 0; n < 300; n += 1) encoder.encode(frames[n % frames.length] as Int16Array);
        return performance.now() - before;
      };
      time(6);
      const full = Math.min(time(6), time(6));
      expect(Math.min(time(1), time(1))).toBeLessThan(0.8 * full);
      expect(encoder.encode(frames[20] as Int16Array)[0]).toBe(TOC_WIDEBAND_20_MS);
      encoder.close();
    });

    it(`(${name}) puts FEC into the packets once the phone reports loss, and keeps the upper band`, async () => {
      const frames = speechFrames(16_000);
      const encoder = await createOpusEncoder(16_000, {}, load);
      const recovered = async (loss: number) => {
        encoder.setPacketLoss(loss);
        const packets = encodeAll(encoder, frames);
        const lossless = await createOpusDecoder(16_000);
        const lossy = await createOpusDecoder(16_000);
        const wanted: Int16Array[] = [];
        const got: Int16Array[] = [];
        packets.slice(0, -1).forEach((packet, n) => {
          const pcm = lossless.decode(packet).slice();
          if (n % 5 === 3) {
            wanted.push(pcm);
            got.push(lossy.decodeFec(packets[n + 1] as Uint8Array).slice());
          } else lossy.decode(packet);
        });
        const wide =
          packets.slice(50).filter((packet) => packet[0] === TOC_WIDEBAND_20_MS).length / (packets.length - 50);
        return { quality: snr(got, wanted), wide };
      };
      expect((await recovered(0)).quality).toBeLessThan(3);
      const withFec = await recovered(7);
      expect(withFec.quality).toBeGreaterThan(7);
      expect(withFec.wide).toBeGreaterThan(0.9);
      encoder.close();
    });
  }

  it('leaves a packet alone when another encoder runs', async () => {
    const [one, other] = [await createOpusEncoder(16_000), await createOpusEncoder(16_000)];
    const frames = speechFrames(16_000);
    const packet = one.encode(frames[20] as Int16Array);
    const copy = packet.slice();
    other.encode(frames[40] as Int16Array);
    expect(packet).toEqual(copy);
  });

  it('refuses a frame that is not 20 ms', async () => {
    for (const load of [undefined, noNative]) {
      const encoder = await createOpusEncoder(16_000, {}, load);
      expect(() => encoder.encode(new Int16Array(319))).toThrow(RangeError);
      encoder.close();
    }
  });
});

describe('decoder', () => {
  it('conceals a loss with something like the sound before, then dies away', async () => {
    const frames = speechFrames(16_000);
    const loud = frames.findIndex((each, n) => n > 20 && isLoud(each) && isLoud(frames[n + 1] as Int16Array));
    const decoder = await createOpusDecoder(16_000);
    decodeAll(decoder, encodeAll(await createOpusEncoder(16_000), frames.slice(0, loud + 1)));
    const levels = Array.from({ length: 12 }, () => levelDb(decoder.conceal()));
    expect(levels[0]).toBeGreaterThan(-40);
    expect(levels.at(-1)).toBeLessThan((levels[0] as number) - 20);
    decoder.close();
  });

  it('conceals and counts bytes that are no Opus, and never throws', async () => {
    const decoder = await createOpusDecoder(16_000);
    for (const bad of [
      new Uint8Array(0),
      Uint8Array.of(0x4b),
      Uint8Array.of(0x4b, 0xff, 0xff),
      new Uint8Array(1_500).fill(0xff),
    ]) {
      expect(decoder.decode(bad).length).toBe(320);
      expect(decoder.decodeFec(bad).length).toBe(320);
    }
    expect(decoder.badPackets).toBeGreaterThanOrEqual(4);
    decoder.close();
    decoder.close();
  });

  it('survives any bytes, one frame each', async () => {
    const decoder = await createOpusDecoder(24_000);
    let state = 99;
    for (let n = 0; n < 2_000; n += 1) {
      const packet = Uint8Array.from({ length: n % 90 }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 24;
      });
      expect(decoder.decode(packet).length).toBe(480);
      expect(decoder.decodeFrame(frame('packet', packet, packet)).length).toBe(480);
      expect(decoder.decodeFrame(frame('rest')).length).toBe(480);
      expect(decoder.decodeFrame(frame('fec', packet)).length).toBe(480);
    }
    decoder.close();
  });

  it('is silent when the jitter buffer says so', async () => {
    const decoder = await createOpusDecoder(16_000);
    expect(levelDb(decoder.decodeFrame(frame('silence')))).toBe(-127);
    decoder.close();
  });

  it('cuts a packet of 60 ms into three frames', async () => {
    const wasm = await import('libopus-wasm');
    const encoder = await wasm.createEncoder({ sampleRate: 16_000, channels: 1, bitrate: 20_000, frameSize: 960 });
    const frames = speechFrames(16_000);
    const packets = Array.from({ length: 40 }, (_, n) => encoder.encode(joinFrames(frames.slice(3 * n, 3 * n + 3))));
    const decoder = await createOpusDecoder(16_000);
    const heard = packets.flatMap((packet) => [
      decoder.decodeFrame(frame('packet', packet)).slice(),
      decoder.decodeFrame(frame('rest')).slice(),
      decoder.decodeFrame(frame('rest')).slice(),
    ]);
    expect(correlate(joinFrames(frames.slice(0, 120)), joinFrames(heard), 16_000, 500).waveform).toBeGreaterThan(0.85);
    decoder.close();
  });

  it('joins two packets of 10 ms into one frame, and conceals the half that is missing', async () => {
    const wasm = await import('libopus-wasm');
    const encoder = await wasm.createEncoder({ sampleRate: 16_000, channels: 1, bitrate: 24_000, frameSize: 160 });
    const frames = speechFrames(16_000);
    const packets = frames.flatMap((each) => [
      encoder.encode(each.subarray(0, 160)),
      encoder.encode(each.subarray(160)),
    ]);
    const decoder = await createOpusDecoder(16_000);
    const heard = frames.map((_, n) => {
      const both = [packets[2 * n] as Uint8Array, packets[2 * n + 1] as Uint8Array];
      return decoder.decodeFrame(frame('packet', ...(n % 50 === 49 ? both.slice(0, 1) : both))).slice();
    });
    expect(heard.every((each) => each.length === 320)).toBe(true);
    expect(correlate(joinFrames(frames), joinFrames(heard), 16_000, 500).waveform).toBeGreaterThan(0.8);
    decoder.close();
  });
});

describe('the constant packet of silence', () => {
  it('is 20 ms of mono wideband', () => {
    expect(opusPacketTicks(OPUS_SILENCE)).toBe(960);
    expect(OPUS_SILENCE[0]).toBe(TOC_WIDEBAND_20_MS);
  });

  for (const rate of RATES) {
    it(`is silent at ${rate} Hz from the first packet on, and for good`, async () => {
      const decoder = await createOpusDecoder(rate);
      for (let n = 0; n < 500; n += 1) expect(levelDb(decoder.decode(OPUS_SILENCE))).toBeLessThan(-80);
      decoder.close();
    });
  }

  it('may follow speech after three frames of real silence, and speech may follow it', async () => {
    const frames = speechFrames(16_000);
    const loud = frames.findIndex((each, n) => n > 20 && isLoud(each));
    const encoder = await createOpusEncoder(16_000);
    const plain = await createOpusDecoder(16_000);
    const spared = await createOpusDecoder(16_000);
    const zeros = new Int16Array(320);
    for (const packet of encodeAll(encoder, [...frames.slice(0, loud + 1), zeros, zeros, zeros])) {
      plain.decode(packet);
      spared.decode(packet);
    }
    for (let n = 0; n < 50; n += 1) {
      plain.decode(encoder.encode(zeros));
      expect(levelDb(spared.decode(OPUS_SILENCE))).toBeLessThan(-75);
    }
    const speech = encodeAll(encoder, frames.slice(loud - 3, loud + 40));
    const match = correlate(joinFrames(decodeAll(plain, speech)), joinFrames(decodeAll(spared, speech)), 16_000, 100);
    expect(match.waveform).toBeGreaterThan(0.97);
    expect(match.lagMs).toBe(0);
  });
});
