import { createDecoder } from 'libopus-wasm';
import type { EarDecoder } from './ear.ts';

const RATE = 16_000;
const FRAME_SAMPLES = 320;

/** A libopus decoder of its own, so that the phone does not share a fault of the bridge's codec. Packets that are no Opus are concealed. */
export async function openEarDecoder(): Promise<EarDecoder & Disposable> {
  const opus = await createDecoder({ sampleRate: RATE, channels: 1 });
  const conceal = (): Int16Array => opus.decodePacketLoss(FRAME_SAMPLES);
  return {
    decode: (packet) => attempt(() => opus.decode(packet), conceal),
    recover: (next) => attempt(() => opus.decode(next, { decodeFec: true, frameSize: FRAME_SAMPLES }), conceal),
    conceal,
    [Symbol.dispose]: () => opus.free(),
  };
}

function attempt(decode: () => Int16Array, otherwise: () => Int16Array): Int16Array {
  try {
    return decode();
  } catch {
    return otherwise();
  }
}
