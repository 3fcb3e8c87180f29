import { readFile, stat } from 'node:fs/promises';
import { createEncoder } from 'libopus-wasm';
import { parseWav, resample, toMono } from '../../audio/index.ts';

/** Something to say, encoded once and said by any number of phones. */
export interface Speech {
  /** 16 kHz, mono. */
  readonly samples: Int16Array;
  /** One for each 20 ms of `samples`; the last frame is filled up with silence. */
  readonly packets: readonly Uint8Array[];
  /** What follows, every 20 ms: silence by the same encoder. */
  readonly silence: Uint8Array;
}

/** 20 ms of Opus silence, for a phone that has nothing to say at all. */
export const SILENCE: Uint8Array = Uint8Array.of(0xf8, 0xff, 0xfe);

const RATE = 16_000;
const FRAME_SAMPLES = 320;
/** Frames of silence after which the encoder has forgotten the sound before. */
const FADE_FRAMES = 10;

const byFile = new Map<string, Promise<Speech>>();
const bySamples = new WeakMap<Int16Array, Promise<Speech>>();

/**
 * Speech from a WAV file (16-bit PCM, any rate, mono or stereo) or from samples at 16 kHz. Encoded as WhatsApp's clients
 * do: wideband, 20 kbit/s, FEC (meta-calling.md §4.1). The same file or array is encoded once. Rejects with WavError or
 * the system's error if the file cannot be read, and with a RangeError if there is nothing in it to say.
 */
export async function loadSpeech(audio: string | Int16Array): Promise<Speech> {
  if (typeof audio !== 'string') return cached(bySamples, audio, () => encode(audio));
  const { mtimeMs } = await stat(audio);
  return cached(byFile, `${audio}\0${mtimeMs}`, async () => {
    const wav = parseWav(await readFile(audio));
    return encode(resample(toMono(wav), wav.rate, RATE));
  });
}

function cached<Key>(
  cache: {
    get(key: Key): Promise<Speech> | undefined;
    set(key: Key, speech: Promise<Speech>): void;
    delete(key: Key): void;
  },
  key: Key,
  make: () => Promise<Speech>,
): Promise<Speech> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  made.catch(() => cache.delete(key));
  return made;
}

async function encode(samples: Int16Array): Promise<Speech> {
  // A phone that never begins to speak never comes to the end of it, which is what callers wait for.
  if (samples.length === 0) throw new RangeError('The audio is empty.');
  const encoder = await createEncoder({
    sampleRate: RATE,
    channels: 1,
    bitrate: 20_000,
    complexity: 6,
    fec: true,
    packetLossPercent: 5,
  });
  try {
    const packets: Uint8Array[] = [];
    const frame = new Int16Array(FRAME_SAMPLES);
    for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
      frame.fill(0);
      frame.set(samples.subarray(at, at + FRAME_SAMPLES));
      packets.push(Uint8Array.from(encoder.encode(frame)));
    }
    frame.fill(0);
    let silence = SILENCE;
    for (let n = 0; n < FADE_FRAMES; n += 1) silence = Uint8Array.from(encoder.encode(frame));
    return { samples, packets, silence };
  } finally {
    encoder.free();
  }
}
