import { Resampler } from '../../../audio/index.ts';
import type { SampleRate } from '../../../call/index.ts';
import { PcmReader } from '../common/pcm-reader.ts';
import type { BotAudio } from './frame-codec.ts';

/** Rates that bots are known to speak at, Hz. Any other would need a filter of any size. */
const RATES: ReadonlySet<number> = new Set([8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]);
const MAX_CHANNELS = 2;

/** Makes what bots send into mono sound at one rate. */
export class BotSound {
  readonly #rate: SampleRate;
  readonly #resamplers = new Map<number, Resampler>();
  readonly #reader = new PcmReader();

  constructor(rate: SampleRate) {
    this.#rate = rate;
  }

  /**
   * Mono, at the wire's rate; valid until the next is read. Null if it says of itself what no bot says. A fraction of a sample
   * at the end is dropped.
   */
  read(audio: BotAudio): Int16Array | null {
    const rate = audio.sampleRate === 0 ? this.#rate : audio.sampleRate;
    const channels = audio.channels === 0 ? 1 : audio.channels;
    if (!RATES.has(rate) || channels > MAX_CHANNELS) return null;
    const samples = this.#reader.read(withoutHeader(audio.bytes));
    const mono = channels === 1 ? samples : mixDown(samples);
    return rate === this.#rate ? mono : this.#resampler(rate).process(mono);
  }

  /** What comes next has nothing to do with what came before. */
  clear(): void {
    this.#resamplers.clear();
  }

  #resampler(rate: number): Resampler {
    const known = this.#resamplers.get(rate);
    if (known !== undefined) return known;
    const made = new Resampler(rate, this.#rate);
    this.#resamplers.set(rate, made);
    return made;
  }
}

/** With `add_wav_header` a bot puts a whole WAV file into every chunk (agent-protocols.md §1.1). */
function withoutHeader(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 44) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0) !== RIFF || view.getUint32(8) !== WAVE) return bytes;
  let at = 12;
  while (at + 8 <= bytes.length) {
    if (view.getUint32(at) === DATA) return bytes.subarray(at + 8);
    at += 8 + view.getUint32(at + 4, true);
  }
  return bytes.subarray(bytes.length);
}

const RIFF = 0x52494646;
const WAVE = 0x57415645;
const DATA = 0x64617461;

function mixDown(stereo: Int16Array): Int16Array {
  const mono = new Int16Array(Math.floor(stereo.length / 2));
  for (let i = 0; i < mono.length; i += 1) mono[i] = (stereo[2 * i]! + stereo[2 * i + 1]!) / 2;
  return mono;
}
