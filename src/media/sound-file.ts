import { pipeline } from 'node:stream/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import { createDecoder } from 'libopus-wasm';
import prism from 'prism-media';
import { SoundFileError } from '../agents/index.ts';
import { msToSamples, parseWav, Resampler, RTP_CLOCK_HZ, samplesToMs, toMono, WavError } from '../audio/index.ts';
import type { SampleRate } from '../call/index.ts';

/** Makes the error of the reader's kind; `why` goes on after "the file". */
export type Fail = (why: string) => Error;

export interface SoundFileLimits {
  /** Length of the sound, milliseconds. */
  readonly maxMs: number;
  /** Rates that a WAV file may have, Hz; null for any. */
  readonly wavRates: readonly number[] | null;
}

/** Bytes of a file that an agent may have played. */
const MAX_AGENT_BYTES = 16 * 1024 * 1024;
/** The filter for a rate that divides none of ours well is large and takes long to make; files of agents get none. */
const AGENT_LIMITS: SoundFileLimits = {
  maxMs: 300_000,
  wavRates: [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000],
};

/** Length of the fixed part of an OpusHead (RFC 7845 §5.1) and where it says what to skip. */
const HEAD_BYTES = 19;
const HEAD_PRE_SKIP = 10;
/** What is worked on at a stretch: a few milliseconds of work, because calls of this thread wait for their frames. */
const PACKETS_AT_ONCE = 50;
const SAMPLES_AT_ONCE = 8_192;
const BYTES_AT_ONCE = 16 * 1024;
/** The shortest packet of Opus lasts so long; one that is empty takes as much memory, and no time at all. */
const SHORTEST_PACKET_MS = 2.5;

/**
 * Sound of a file that an agent sent, told by its first bytes: a RIFF WAV file with 16-bit PCM, or Ogg with Opus. Mono at
 * `rate` Hz.
 *
 * @throws SoundFileError if it is neither, damaged, or too long
 */
export async function decodeAgentFile(bytes: Uint8Array, rate: SampleRate): Promise<Int16Array> {
  const fail: Fail = (why) => new SoundFileError(`the sound file ${why}`);
  if (bytes.length > MAX_AGENT_BYTES) throw fail(`is larger than ${MAX_AGENT_BYTES} bytes`);
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  const decode = { RIFF: decodeWav, OggS: decodeOgg }[magic];
  if (decode === undefined) throw fail('must be a WAV file with 16-bit PCM or an Ogg file with Opus');
  const pcm = await decode(bytes, rate, AGENT_LIMITS, fail);
  if (pcm.length === 0) throw fail('holds no sound');
  return pcm;
}

/** A RIFF WAV file with 16-bit PCM, as mono at `rate` Hz. Rejects with what `fail` makes. */
export async function decodeWav(
  bytes: Uint8Array,
  rate: SampleRate,
  { maxMs, wavRates }: SoundFileLimits,
  fail: Fail,
): Promise<Int16Array> {
  try {
    const wav = parseWav(bytes);
    if (wavRates !== null && !wavRates.includes(wav.rate)) {
      throw fail(`has a rate of ${wav.rate} Hz; it must be one of ${wavRates.join(', ')}`);
    }
    const lengthMs = samplesToMs(wav.samples.length / wav.channels, wav.rate);
    if (lengthMs > maxMs) throw fail(tooLong(maxMs));
    return await convert(toMono(wav), wav.rate, rate);
  } catch (error) {
    throw error instanceof WavError ? fail(`cannot be read: ${error.message}`) : error;
  }
}

/** An Ogg file with Opus, as mono at `rate` Hz. prism-media takes it apart; libopus decodes straight to the wanted rate. */
export async function decodeOgg(
  bytes: Uint8Array,
  rate: SampleRate,
  { maxMs }: SoundFileLimits,
  fail: Fail,
): Promise<Int16Array> {
  const { head, packets } = await demux(bytes, maxMs, fail);
  const decoder = await createDecoder({ sampleRate: rate, channels: 1 });
  const pieces: Int16Array[] = [];
  let samples = 0;
  try {
    for (const [n, packet] of packets.entries()) {
      const piece = packet.length === 0 ? new Int16Array(0) : decode(packet);
      pieces.push(piece);
      samples += piece.length;
      if (samplesToMs(samples, rate) > maxMs) throw fail(tooLong(maxMs));
      if (n % PACKETS_AT_ONCE === PACKETS_AT_ONCE - 1) await breathe();
    }
  } finally {
    decoder.free();
  }
  const preSkip = head.readUInt16LE(HEAD_PRE_SKIP);
  return join(pieces, samples).subarray(msToSamples(samplesToMs(preSkip, RTP_CLOCK_HZ), rate));

  function decode(packet: Buffer): Int16Array {
    try {
      return decoder.decode(packet);
    } catch {
      throw fail('holds a packet that is no Opus');
    }
  }
}

async function demux(bytes: Uint8Array, maxMs: number, fail: Fail): Promise<{ head: Buffer; packets: Buffer[] }> {
  const demuxer = new prism.opus.OggDemuxer();
  const packets: Buffer[] = [];
  const overlong = fail(tooLong(maxMs));
  let head: Buffer | null = null;
  demuxer.on('head', (segment: Buffer) => {
    head = segment;
  });
  try {
    await pipeline(pieceByPiece(bytes), demuxer, async (source: AsyncIterable<Buffer>) => {
      for await (const packet of source) {
        if (packets.push(packet) * SHORTEST_PACKET_MS > maxMs) throw overlong;
        if (packets.length % PACKETS_AT_ONCE === 0) await breathe();
      }
    });
  } catch (error) {
    throw error === overlong ? overlong : fail('is no Ogg file, or a damaged one');
  }
  const found = head as Buffer | null;
  if (found === null || found.length < HEAD_BYTES) throw fail('holds no Opus stream');
  return { head: found, packets };
}

async function* pieceByPiece(bytes: Uint8Array): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += BYTES_AT_ONCE) {
    yield Buffer.from(bytes.subarray(at, at + BYTES_AT_ONCE));
    await breathe();
  }
}

/** As `resample` does it, a piece at a time. */
async function convert(pcm: Int16Array, from: number, to: number): Promise<Int16Array> {
  if (from === to) return pcm;
  const resampler = new Resampler(from, to);
  const pieces: Int16Array[] = [];
  let samples = 0;
  const take = (piece: Int16Array) => {
    pieces.push(piece);
    samples += piece.length;
  };
  for (let at = 0; at < pcm.length; at += SAMPLES_AT_ONCE) {
    take(resampler.process(pcm.subarray(at, at + SAMPLES_AT_ONCE)));
    await breathe();
  }
  take(resampler.flush());
  const skip = resampler.delaySamples;
  return join(pieces, samples).subarray(skip, skip + Math.round((pcm.length * to) / from));
}

function join(pieces: readonly Int16Array[], samples: number): Int16Array {
  const out = new Int16Array(samples);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function tooLong(maxMs: number): string {
  return `is longer than ${maxMs / 60_000} minutes`;
}
