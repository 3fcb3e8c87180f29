/** Sound of a WAV file. `samples` are interleaved when there are two channels. */
export interface Wav {
  readonly rate: number;
  readonly channels: 1 | 2;
  readonly samples: Int16Array;
}

/** A WAV file that cannot be read; the message says why. */
export class WavError extends Error {
  override readonly name = 'WavError';
}

const PCM = 1;
const EXTENSIBLE = 0xfffe;
const HEADER_BYTES = 44;

/**
 * Reads a RIFF WAV file with 16-bit PCM, one or two channels, any rate. A data chunk that claims more than there is
 * (writers that stream leave 0 or 0xffffffff) ends with the file. Throws WavError and nothing else.
 */
export function parseWav(bytes: Uint8Array): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE')
    throw new WavError('not a RIFF WAV file');
  let format: Format | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = tag(view, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (id === 'fmt ') format = readFormat(view, body, size);
    if (id === 'data') {
      if (format === null) throw new WavError('the data chunk comes before the fmt chunk');
      const left = bytes.length - body;
      return { ...format, samples: readSamples(view, body, size === 0 ? left : Math.min(size, left), format.channels) };
    }
    at = body + size + (size & 1);
  }
  throw new WavError(format === null ? 'it has no fmt chunk' : 'it has no data chunk');
}

/** A WAV file of 16-bit PCM. `samples` are interleaved when `channels` is 2; `rate` in Hz. */
export function writeWav(samples: Int16Array, rate: number, channels: 1 | 2 = 1): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + samples.length * 2);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string) => {
    for (let i = 0; i < 4; i += 1) bytes[at + i] = value.charCodeAt(i);
  };
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVE');
  text(12, 'fmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * channels * 2, true);
  view.setUint16(32, channels * 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  for (let i = 0; i < samples.length; i += 1) view.setInt16(HEADER_BYTES + i * 2, samples[i]!, true);
  return bytes;
}

/** The sound as one channel: the mean of two. */
export function toMono(wav: Wav): Int16Array {
  if (wav.channels === 1) return wav.samples;
  const mono = new Int16Array(wav.samples.length / 2);
  for (let i = 0; i < mono.length; i += 1) mono[i] = (wav.samples[2 * i]! + wav.samples[2 * i + 1]!) / 2;
  return mono;
}

type Format = Pick<Wav, 'rate' | 'channels'>;

function readFormat(view: DataView, body: number, size: number): Format {
  if (size < 16 || body + 16 > view.byteLength) throw new WavError('the fmt chunk is cut short');
  const coding = view.getUint16(body, true);
  const channels = view.getUint16(body + 2, true);
  const rate = view.getUint32(body + 4, true);
  const bits = view.getUint16(body + 14, true);
  // The extensible form keeps the real coding in the first two bytes of its sub-format.
  const extended = coding === EXTENSIBLE && size >= 26 && body + 26 <= view.byteLength;
  const real = extended ? view.getUint16(body + 24, true) : coding;
  if (real !== PCM || bits !== 16) throw new WavError(`it must hold 16-bit PCM (it says coding ${real}, ${bits} bits)`);
  if (channels !== 1 && channels !== 2) throw new WavError(`it must have 1 or 2 channels (it has ${channels})`);
  if (rate < 1000 || rate > 384_000) throw new WavError(`its rate must be 1000 to 384000 Hz (it is ${rate})`);
  return { rate, channels };
}

function readSamples(view: DataView, body: number, size: number, channels: 1 | 2): Int16Array {
  const count = Math.floor(size / (2 * channels)) * channels;
  const samples = new Int16Array(count);
  for (let i = 0; i < count; i += 1) samples[i] = view.getInt16(body + 2 * i, true);
  return samples;
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
