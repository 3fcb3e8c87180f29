import { Resampler, samplesPerFrame } from '../audio/index.ts';
import type { SampleRate } from '../call/index.ts';

/** A prompt on its way to the phone in place of the agent's sound, whose rate may change meanwhile. */
export class Announcing {
  #pcm: Int16Array | null = null;
  #rate: SampleRate = 16_000;
  /** 20 ms at the prompt's own rate. */
  #frame = new Int16Array(samplesPerFrame(16_000));
  #resampler: { readonly to: SampleRate; readonly filter: Resampler } | null = null;
  /** Samples that were played. */
  #played = 0;

  get active(): boolean {
    return this.#pcm !== null;
  }

  /** Nothing of it has been played yet. */
  get atStart(): boolean {
    return this.#played === 0;
  }

  /** `pcm` is not written to; `rate` in Hz. */
  begin(pcm: Int16Array, rate: SampleRate): void {
    this.#pcm = pcm;
    this.#rate = rate;
    this.#frame = new Int16Array(samplesPerFrame(rate));
    this.#resampler = null;
    this.#played = 0;
  }

  stop(): void {
    this.#pcm = null;
  }

  /** Fills one frame at `rate` Hz, the last one up with silence. True with the last. */
  pull(out: Int16Array, rate: SampleRate): boolean {
    const pcm = this.#pcm;
    if (pcm === null) return false;
    const frame = rate === this.#rate ? out : this.#frame;
    const given = Math.min(pcm.length - this.#played, frame.length);
    for (let n = 0; n < given; n += 1) frame[n] = pcm[this.#played + n]!;
    frame.fill(0, given);
    this.#played += given;
    if (frame !== out) out.set(this.#filterTo(rate).process(frame));
    if (this.#played < pcm.length) return false;
    this.#pcm = null;
    return true;
  }

  /** Frame by frame: a long prompt at once would hold up every call of the thread. */
  #filterTo(rate: SampleRate): Resampler {
    if (this.#resampler?.to !== rate) this.#resampler = { to: rate, filter: new Resampler(this.#rate, rate) };
    return this.#resampler.filter;
  }
}
