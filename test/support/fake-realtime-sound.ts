import { decodeUlaw, encodeUlaw } from '../../src/audio/index.ts';

/** How the sound of one direction of a session is written. */
export interface SoundFormat {
  /** Hz. */
  readonly rate: 24_000 | 8_000;
  encode(pcm: Int16Array): Buffer;
  /** As s16le at 24 kHz. */
  decode(bytes: Buffer): Buffer;
}

const PCM: SoundFormat = {
  rate: 24_000,
  encode: (pcm) => Buffer.from(pcm.slice().buffer),
  decode: (bytes) => bytes,
};

const ULAW: SoundFormat = {
  rate: 8_000,
  encode(pcm) {
    const bytes = Buffer.alloc(pcm.length);
    encodeUlaw(pcm, bytes);
    return bytes;
  },
  // Enough for a detector that goes by energy.
  decode(bytes) {
    const pcm = new Int16Array(bytes.length);
    decodeUlaw(bytes, pcm);
    return Buffer.from(Int16Array.from({ length: 3 * pcm.length }, (_, n) => pcm[Math.floor(n / 3)]!).buffer);
  },
};

type Fields = Readonly<Record<string, { readonly [name: string]: unknown } | undefined>>;

/** What a session is configured with: `audio/pcmu`, or else PCM. */
export function soundFormat(session: Readonly<Record<string, unknown>>, direction: 'input' | 'output'): SoundFormat {
  const format = (session['audio'] as Fields | undefined)?.[direction]?.['format'];
  return (format as { readonly type?: unknown } | undefined)?.type === 'audio/pcmu' ? ULAW : PCM;
}
