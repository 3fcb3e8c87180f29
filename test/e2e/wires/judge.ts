import { expect } from 'vitest';
import { FRAME_MS, findGaps, levelDb, msToSamples } from '../../../src/audio/index.ts';
import type { PhoneReport } from '../../../src/simulator/index.ts';
import { trace, voice } from '../../support/scripted-agents/index.ts';

/** Of the phone's recording, Hz. */
const RATE = 16_000;
/** Opus keeps a voice better than this at every rate; what is not there matches 0.3 at most. */
const SAME = 0.8;
/** Pieces of one utterance are found to a fraction of this if nothing is missing between them. */
const SAME_LAG_MS = 3;
/** Opus looks ahead: a sound is decoded this much later than the packet begins that carried it. */
const CODEC_DELAY_MS = 6.5;
/** What is below this is no speech. */
const QUIET_DB = -45;

/** What a scripted agent says: the voice `seed`, so long. */
export interface Utterance {
  readonly seed: number;
  readonly ms: number;
}

/** The phone's recording, as far as it can be asked what was in it. Times in milliseconds from its beginning. */
export class Recording {
  readonly #report: PhoneReport;

  constructor(report: PhoneReport) {
    this.#report = report;
  }

  /** Nothing is missing, begin and end included, and nothing came between. Returns where it begins. */
  expectWhole({ seed, ms }: Utterance, fromMs = 0): number {
    const pieces = trace(voice(seed, ms, RATE), this.#report.heard, { fromMs });
    expect(Math.min(...pieces.map(({ match }) => match)), `voice ${seed} is heard`).toBeGreaterThan(SAME);
    const lags = pieces.map(({ lagMs }) => lagMs);
    expect(Math.max(...lags) - Math.min(...lags), `voice ${seed} is heard in one`).toBeLessThan(SAME_LAG_MS);
    return lags[0]!;
  }

  /** Each fifth of a second of it, where it is heard; one with a hole in it is not `whole`. */
  piecesOf({ seed, ms }: Utterance, playMs: number): { readonly saidMs: number; delayMs: number; whole: boolean }[] {
    return trace(voice(seed, ms, RATE), this.#report.heard, { playMs }).map(({ saidMs, lagMs, match }) => ({
      saidMs,
      delayMs: lagMs,
      whole: match > SAME,
    }));
  }

  /** No sound is heard from here on. */
  expectSilence(fromMs: number): void {
    const rest = this.#report.heard.subarray(msToSamples(fromMs, RATE));
    expect(rest.length, 'the call went on').toBeGreaterThan(0);
    for (let at = 0; at < rest.length; at += msToSamples(FRAME_MS, RATE)) {
      expect(levelDb(rest.subarray(at, at + msToSamples(FRAME_MS, RATE)))).toBeLessThan(QUIET_DB);
    }
  }

  /** Between these, it is never quiet for more than 2 s, and there are pulses of the comfort tone. */
  expectComfortTone(fromMs: number, toMs: number): void {
    const between = this.#report.heard.subarray(msToSamples(fromMs, RATE), msToSamples(toMs, RATE));
    expect(findGaps(between, RATE, 2_000, QUIET_DB)).toEqual([]);
    let pulseMs = 0;
    for (let at = 0; at + RATE / 50 <= between.length; at += RATE / 50) {
      if (toneShare(between.subarray(at, at + RATE / 50), 440) > 0.5) pulseMs += FRAME_MS;
    }
    expect(pulseMs).toBeGreaterThan(200);
  }

  /** When the packet came that carried the sound here, Unix milliseconds. */
  arrivalOf(ms: number): number {
    return this.#report.heardArrivalsMs[frameAt(ms)] ?? Number.NaN;
  }

  /** When it would have come, had no packet been held up on its way or by this machine. */
  dueOf(ms: number): number {
    const { heardStartMs, playoutMs } = this.#report;
    return (heardStartMs ?? Number.NaN) - playoutMs + frameAt(ms) * FRAME_MS;
  }
}

/** The number of the packet that carried the sound here. */
function frameAt(ms: number): number {
  return Math.floor(Math.round(ms - CODEC_DELAY_MS) / FRAME_MS);
}

/** How much of the energy of a stretch is at `hz`, 0..1. */
function toneShare(pcm: Int16Array, hz: number): number {
  let cos = 0;
  let sin = 0;
  let energy = 0;
  for (let i = 0; i < pcm.length; i += 1) {
    const x = pcm[i]!;
    cos += x * Math.cos((2 * Math.PI * hz * i) / RATE);
    sin += x * Math.sin((2 * Math.PI * hz * i) / RATE);
    energy += x * x;
  }
  return energy === 0 ? 0 : (2 * (cos * cos + sin * sin)) / (pcm.length * energy);
}
