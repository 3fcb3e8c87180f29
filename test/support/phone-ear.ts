import { correlate, findGaps, levelDb } from '../../src/audio/index.ts';
import type { PhoneReport, SimulatedCall } from '../../src/simulator/index.ts';

const RATE = 16_000;
const QUIET_DB = -60;

/** What a caller heard, on the clock of the wall: all times in Unix milliseconds. */
export class PhoneEar {
  readonly #heard: Int16Array;
  readonly #startMs: number;
  /** Packets that never came. */
  readonly packetsLost: number;

  private constructor({ heard, heardStartMs, playoutMs, packetsLost }: PhoneReport) {
    this.packetsLost = packetsLost;
    this.#heard = heard;
    // The phone's own playout delay is none of the bridge's.
    this.#startMs = (heardStartMs ?? 0) - playoutMs;
  }

  /** Decodes, so ask once, at the end of a call. */
  static async of(call: SimulatedCall): Promise<PhoneEar> {
    const { phone } = await call.report();
    if (phone === null) throw new Error('another handset was used');
    return new PhoneEar(phone);
  }

  /** Where in the recording from `fromMs` on these words (16 kHz) are, and how well they match, -1..1. */
  find(words: Int16Array, fromMs = this.#startMs): { readonly atMs: number; readonly match: number } {
    const heard = this.#between(fromMs, Infinity);
    const { lagMs, waveform } = correlate(words, heard, RATE, Math.ceil((heard.length * 1_000) / RATE));
    return { atMs: Math.max(fromMs, this.#startMs) + lagMs, match: waveform };
  }

  /** How long the longest silence is that begins or ends between the two times, milliseconds. */
  longestSilenceMs(fromMs: number, toMs: number): number {
    const gaps = findGaps(this.#between(fromMs, toMs), RATE, 20, QUIET_DB);
    return Math.max(0, ...gaps.map(({ durationMs }) => durationMs));
  }

  /** How many of the milliseconds between the two times were no silence. */
  soundMs(fromMs = -Infinity, toMs = Infinity): number {
    const pcm = this.#between(fromMs, toMs);
    const frame = RATE / 50;
    let ms = 0;
    for (let at = 0; at < pcm.length; at += frame) if (levelDb(pcm.subarray(at, at + frame)) > QUIET_DB) ms += 20;
    return ms;
  }

  /** Share of the sound between the two times, 0..1, that is a tone of `hz`. */
  toneShare(hz: number, fromMs: number, toMs: number): number {
    const pcm = this.#between(fromMs, toMs);
    const window = RATE / 10;
    let tone = 0;
    let all = 0;
    for (let at = 0; at + window <= pcm.length; at += window) {
      let re = 0;
      let im = 0;
      for (let n = at; n < at + window; n += 1) {
        const sample = pcm[n]!;
        re += sample * Math.cos((2 * Math.PI * hz * n) / RATE);
        im += sample * Math.sin((2 * Math.PI * hz * n) / RATE);
        all += sample * sample;
      }
      tone += (2 * (re * re + im * im)) / window;
    }
    return all === 0 ? 0 : tone / all;
  }

  #between(fromMs: number, toMs: number): Int16Array {
    const at = (ms: number) =>
      Math.max(0, Math.min(this.#heard.length, Math.round(((ms - this.#startMs) * RATE) / 1_000)));
    return this.#heard.subarray(at(fromMs), at(toMs));
  }
}
