import { decodeUlaw, encodeUlaw, Resampler } from '../../../audio/index.ts';
import { PcmReader } from '../common/pcm-reader.ts';

/** How sound is spelled on this wire: little-endian 16-bit PCM or µ-law, mono. */
export interface AudioFormat {
  readonly encoding: 'pcm' | 'ulaw';
  /** Hz */
  readonly rate: number;
}

/** Those that the service has. No other rate is taken: an odd one would cost a filter of many megabytes. */
const PCM_RATES = new Set([8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]);

/** Reads a name such as `pcm_16000` or `ulaw_8000`; null if it is none that we know. */
export function parseAudioFormat(name: string): AudioFormat | null {
  if (name === 'ulaw_8000') return { encoding: 'ulaw', rate: 8_000 };
  const rate = Number(/^pcm_(\d{4,5})$/.exec(name)?.[1]);
  return PCM_RATES.has(rate) ? { encoding: 'pcm', rate } : null;
}

/** What a name that we do not know may look like in a log: its plain characters, cut. */
export function printableFormat(name: string): string {
  return name.replace(/[^\w.-]/g, '?').slice(0, 32);
}

/** Bytes of `ms` of sound. */
export function bytesOf(format: AudioFormat, ms: number): number {
  return ((format.rate * ms) / 1000) * (format.encoding === 'pcm' ? 2 : 1);
}

/** Sound at `rate` Hz into the base64 that the agent takes. A stream: give it frames in order. */
export function audioEncoder(rate: number, format: AudioFormat): (pcm: Int16Array) => string {
  const resampler = rate === format.rate ? null : new Resampler(rate, format.rate);
  return (pcm) => {
    const samples = resampler === null ? pcm : resampler.process(pcm);
    if (format.encoding === 'pcm') {
      return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString('base64');
    }
    const bytes = Buffer.alloc(samples.length);
    encodeUlaw(samples, bytes);
    return bytes.toString('base64');
  };
}

/**
 * The base64 that the agent sends into sound at `rate` Hz, valid until the next is read; null if it holds half a sample. A
 * stream: give it pieces in order.
 */
export function audioDecoder(format: AudioFormat, rate: number): (base64: string) => Int16Array | null {
  const resampler = rate === format.rate ? null : new Resampler(format.rate, rate);
  const reader = new PcmReader();
  return (base64) => {
    const bytes = Buffer.from(base64, 'base64');
    if (format.encoding === 'pcm' && bytes.length % 2 !== 0) return null;
    const samples = format.encoding === 'ulaw' ? expanded(bytes) : reader.read(bytes);
    return resampler === null ? samples : resampler.process(samples);
  };
}

function expanded(ulaw: Uint8Array): Int16Array {
  const samples = new Int16Array(ulaw.length);
  decodeUlaw(ulaw, samples);
  return samples;
}
