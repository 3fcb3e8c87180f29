import { expect } from 'vitest';
import { levelDb, msToSamples } from '../../src/audio/index.ts';
import type { PhoneReport, SimulatedCall } from '../../src/simulator/index.ts';
import { trace, voice } from './scripted-agents/index.ts';

/** Of the phone's recording, Hz. */
const RATE = 16_000;
const FRAME_MS = 20;
const PIECE_MS = 200;
/** Two passes through codecs and resamplers of two makers keep a voice better than this; another voice matches 0.4 at most. */
const SAME = 0.7;
const QUIET_DB = -45;
/** How much later the last word of an agent may be than the first, when it was held up more than once. */
const GROWN_MS = 400;
/** Frames that a tone fills in part are not counted. */
const TONE_PLAY_MS = 60;
/** A machine that is busy holds anybody up for a moment. */
const HELD_UP_MS = 100;
/** What comes after a longer one is another tone. */
const MAX_HOLE_MS = 400;

/** Words of a voice that can be told from all others; `fromMs`: the words before it are not looked for. */
export interface Utterance {
  readonly seed: number;
  readonly ms: number;
  readonly fromMs?: number;
}

export interface Stretch {
  readonly atMs: number;
  readonly endMs: number;
}

/**
 * The phone's recording of a call with a peer that is not ours. It allows for what a peer does in real time on a machine
 * that has other things to do: Pipecat never catches up once it was held up. Times in milliseconds from the beginning of
 * the recording.
 */
export class Hearing {
  readonly report: PhoneReport;

  private constructor(report: PhoneReport) {
    this.report = report;
  }

  /** Decodes, so ask once, at the end of a call. */
  static async of(call: SimulatedCall): Promise<Hearing> {
    const { phone } = await call.report();
    if (phone === null) throw new Error('another handset was used');
    return new Hearing(phone);
  }

  /** Every word is heard, in order, once, with little put in between them. */
  expectWords(utterance: Utterance, { fromMs = 0 } = {}): Stretch {
    const { found, pieces, poor, lags } = this.#find(utterance, fromMs);
    const told = pieces.map(({ match, lagMs }) => `${match.toFixed(2)} at ${Math.round(lagMs)} ms`).join(', ');
    // A piece with a hole in it is known by its longer half.
    expect(poor, told).toBeLessThanOrEqual(Math.max(1, pieces.length / 5));
    expect(Math.max(...lags) - Math.min(...lags), told).toBeLessThanOrEqual(GROWN_MS);
    return found;
  }

  /** How much of it is heard before it breaks off, to a fifth of a second less; at least the first of them. */
  beginningOf(utterance: Utterance, fromMs = 0): Stretch {
    const { pieces, lags } = this.#find(utterance, fromMs);
    const end = pieces.findLastIndex(({ match }) => match >= SAME);
    expect(end, `voice ${utterance.seed} is heard`).toBeGreaterThanOrEqual(0);
    const last = pieces[end]!;
    return { atMs: lags[0]! + (utterance.fromMs ?? 0), endMs: last.saidMs + last.lagMs + PIECE_MS };
  }

  /** A tone of `hz` is heard, for so long (null: for any time), with at most `heldUpMs` put in between at a time. */
  expectTone(
    hz: number,
    ms: number | null,
    { fromMs = 0, heldUpMs = HELD_UP_MS } = {},
  ): Stretch & { readonly soundMs: number } {
    const tone = this.tone(hz, fromMs);
    const told = `${hz} Hz from ${tone.atMs} to ${tone.endMs} ms, for ${tone.soundMs} ms`;
    expect(tone.soundMs, told).toBeGreaterThan(0);
    expect(tone.longestHoleMs, told).toBeLessThanOrEqual(heldUpMs);
    if (ms !== null) expect(Math.abs(tone.soundMs - ms), told).toBeLessThanOrEqual(TONE_PLAY_MS);
    return tone;
  }

  /** Where a tone of `hz` is, and how long it sounds without what is missing in it. Voices pass through it for a moment. */
  tone(hz: number, fromMs = 0): Stretch & { readonly soundMs: number; readonly longestHoleMs: number } {
    let longest: readonly number[] = [];
    let frames: number[] = [];
    for (let at = Math.ceil(fromMs / FRAME_MS) * FRAME_MS; at + FRAME_MS <= this.lengthMs; at += FRAME_MS) {
      const pcm = this.#between(at, at + FRAME_MS);
      if (levelDb(pcm) < QUIET_DB || toneShare(pcm, hz) < 0.7) continue;
      if (at - (frames.at(-1) ?? at) > FRAME_MS + MAX_HOLE_MS) frames = [];
      frames.push(at);
      if (frames.length > longest.length) longest = frames;
    }
    const holes = longest.slice(1).map((at, n) => at - longest[n]! - FRAME_MS);
    return {
      atMs: longest[0] ?? Number.NaN,
      endMs: (longest.at(-1) ?? Number.NaN) + FRAME_MS,
      soundMs: longest.length * FRAME_MS,
      longestHoleMs: Math.max(0, ...holes),
    };
  }

  /** Milliseconds between the two times that are no silence. */
  soundMs(fromMs: number, toMs = this.lengthMs): number {
    let ms = 0;
    for (let at = fromMs; at + FRAME_MS <= toMs; at += FRAME_MS) {
      if (levelDb(this.#between(at, at + FRAME_MS)) > QUIET_DB) ms += FRAME_MS;
    }
    return ms;
  }

  get lengthMs(): number {
    return (this.report.heard.length * 1_000) / RATE;
  }

  /** The time of the wall, Unix milliseconds, without the phone's own playout delay. */
  unix(ms: number): number {
    return (this.report.heardStartMs ?? Number.NaN) - this.report.playoutMs + ms;
  }

  /** When the phone said what is here in its script, in the recording's time. */
  saidAt(scriptMs: number): number {
    return (this.report.spokenStartMs ?? Number.NaN) + scriptMs - this.unix(0);
  }

  #find({ seed, ms, fromMs: from = 0 }: Utterance, fromMs: number) {
    const said = voice(seed, ms, RATE).subarray(msToSamples(from, RATE));
    const pieces = trace(said, this.report.heard, { pieceMs: PIECE_MS, playMs: GROWN_MS, fromMs });
    const good = pieces.filter(({ match }) => match >= SAME);
    const lags = good.map(({ lagMs }) => lagMs - from);
    const found = { atMs: (lags[0] ?? Number.NaN) + from, endMs: (lags.at(-1) ?? Number.NaN) + ms };
    return { pieces, lags, found, poor: pieces.length - good.length };
  }

  #between(fromMs: number, toMs: number): Int16Array {
    return this.report.heard.subarray(msToSamples(Math.max(0, fromMs), RATE), msToSamples(Math.max(0, toMs), RATE));
  }
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
