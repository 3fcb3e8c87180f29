import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createDecoder } from 'libopus-wasm';
import prism from 'prism-media';
import { msToSamples, parseWav, RTP_CLOCK_HZ, resample, samplesToMs, toMono, WavError } from '../audio/index.ts';
import type { SampleRate } from '../call/index.ts';

/** A prompt that cannot be played; the message names the file and says why. */
export class PromptError extends Error {
  override readonly name = 'PromptError';
}

/** Larger is no prompt. In bytes of the file and milliseconds of sound. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_MS = 600_000;
/** Length of the fixed part of an OpusHead (RFC 7845 §5.1) and where it says what to skip. */
const HEAD_BYTES = 19;
const HEAD_PRE_SKIP = 10;

/**
 * The prompts of a folder, as PCM. Each is read and decoded once per rate and kept; one that failed is tried again, so that
 * it can be put right without a restart.
 */
export class PromptLibrary {
  readonly #folder: string;
  readonly #loaded = new Map<string, Promise<Int16Array>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Mono sound of `name`, a file of the folder (`.wav` with 16-bit PCM, or `.ogg` or `.opus` with Opus), at `rate` Hz. The
   * array is shared: it must not be written to. Rejects with PromptError.
   */
  load(name: string, rate: SampleRate): Promise<Int16Array> {
    const key = `${rate} ${name}`;
    const known = this.#loaded.get(key);
    if (known !== undefined) return known;
    const loading = readPrompt(this.#folder, name, rate);
    this.#loaded.set(key, loading);
    loading.catch(() => this.#loaded.delete(key));
    return loading;
  }
}

async function readPrompt(folder: string, name: string, rate: SampleRate): Promise<Int16Array> {
  // The name comes from configuration or the API: it must not lead out of the folder.
  if (name === '' || name !== basename(name) || name === '.' || name === '..' || name.includes('\\')) {
    throw new PromptError(`prompt ${JSON.stringify(name)} must be a plain file name`);
  }
  const fail = (why: string) => new PromptError(`prompt ${name}: ${why}`);
  const decode = { '.wav': decodeWav, '.ogg': decodeOgg, '.opus': decodeOgg }[extname(name).toLowerCase()];
  if (decode === undefined) throw fail('must be a .wav, .ogg or .opus file');
  const bytes = await readBounded(join(folder, name), fail);
  const pcm = await decode(bytes, rate, fail);
  if (pcm.length === 0) throw fail('holds no sound');
  return pcm;
}

type Fail = (why: string) => PromptError;

async function readBounded(path: string, fail: Fail): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw fail(`is larger than ${MAX_BYTES} bytes`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof PromptError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw fail(code === 'ENOENT' ? 'is not in the prompt folder' : `cannot be read (${code})`);
  }
}

async function decodeWav(bytes: Buffer, rate: SampleRate, fail: Fail): Promise<Int16Array> {
  try {
    const wav = parseWav(bytes);
    if (samplesToMs(wav.samples.length / wav.channels, wav.rate) > MAX_MS) throw fail('is longer than ten minutes');
    return resample(toMono(wav), wav.rate, rate);
  } catch (error) {
    throw error instanceof WavError ? fail(error.message) : error;
  }
}

/** prism-media takes the Ogg file apart; libopus decodes straight to the wanted rate. */
async function decodeOgg(bytes: Buffer, rate: SampleRate, fail: Fail): Promise<Int16Array> {
  const { head, packets } = await demux(bytes, fail);
  const decoder = await createDecoder({ sampleRate: rate, channels: 1 });
  try {
    const pieces: Int16Array[] = [];
    let samples = 0;
    for (const packet of packets) {
      const piece = packet.length === 0 ? new Int16Array(0) : decoder.decode(packet);
      pieces.push(piece);
      samples += piece.length;
      if (samplesToMs(samples, rate) > MAX_MS) throw fail('is longer than ten minutes');
    }
    const preSkip = head.readUInt16LE(HEAD_PRE_SKIP);
    return join16(pieces, samples).subarray(msToSamples(samplesToMs(preSkip, RTP_CLOCK_HZ), rate));
  } catch (error) {
    throw error instanceof PromptError ? error : fail('holds a packet that is no Opus');
  } finally {
    decoder.free();
  }
}

async function demux(bytes: Buffer, fail: Fail): Promise<{ head: Buffer; packets: Buffer[] }> {
  const demuxer = new prism.opus.OggDemuxer();
  const packets: Buffer[] = [];
  let head: Buffer | null = null;
  demuxer.on('head', (segment: Buffer) => {
    head = segment;
  });
  try {
    await pipeline(Readable.from([bytes]), demuxer, async (source: AsyncIterable<Buffer>) => {
      for await (const packet of source) packets.push(packet);
    });
  } catch {
    throw fail('is no Ogg file, or a damaged one');
  }
  const found = head as Buffer | null;
  if (found === null || found.length < HEAD_BYTES) throw fail('holds no Opus stream');
  return { head: found, packets };
}

function join16(pieces: readonly Int16Array[], samples: number): Int16Array {
  const out = new Int16Array(samples);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
