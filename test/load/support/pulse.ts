import { parseWav, sineTone, toMono } from '../../../src/audio/index.ts';

/** Rate of everything here, Hz. */
export const RATE = 16_000;
const PERIOD_MS = 2_000;
const PULSE_HZ = 1_000;
const PULSE_MS = 60;
const PULSE_AT_MS = 1_800;
/** A pulse has to come after so much quiet, so that speech is not taken for one. */
const QUIET_MS = 80;
const QUIET_DB = -45;

/**
 * What the phones of a benchmark say: speech, so that the codec has its real work, and once in two seconds a short tone
 * after a pause, whose way can be timed.
 */
export function speechWithPulses(wav: Buffer, seconds: number): Int16Array {
  const file = parseWav(wav);
  const speech = toMono(file);
  if (file.rate !== RATE) throw new Error('the benchmark wants speech at 16 kHz');
  const out = new Int16Array(seconds * RATE);
  const talk = ((PULSE_AT_MS - 200) * RATE) / 1_000;
  const pulse = sineTone(RATE, PULSE_HZ, PULSE_MS, -9);
  for (let start = 0; start < out.length; start += (PERIOD_MS * RATE) / 1_000) {
    for (let i = 0; i < talk && start + i < out.length; i += 1) {
      out[start + i] = speech[(start + i) % speech.length] ?? 0;
    }
    const at = start + (PULSE_AT_MS * RATE) / 1_000;
    if (at + pulse.length <= out.length) out.set(pulse, at);
  }
  return out;
}

/** Where pulses begin in a whole recording, as sample indices, to 5 ms. */
export function findPulses(samples: Int16Array): number[] {
  const detector = new PulseDetector();
  const found: number[] = [];
  const step = RATE / 200;
  for (let at = 0; at + step <= samples.length; at += step) {
    const begin = detector.push(samples.subarray(at, at + step), at);
    if (begin !== null) found.push(begin);
  }
  return found;
}

/** Finds pulses in sound that comes piece by piece. */
export class PulseDetector {
  #quietMs = 0;
  #candidate: { readonly at: number; left: number } | null = null;

  /** Takes the next piece and a name for its place or time; returns that of the piece in which a pulse began. */
  push(piece: Int16Array, at: number): number | null {
    const power = meanSquare(piece);
    const loud = power > 0 && 10 * Math.log10(power / 32_768 ** 2) >= QUIET_DB;
    const candidate = this.#candidate;
    if (candidate !== null && loud && toneShare(piece) > 0.8) {
      this.#candidate = null;
      this.#quietMs = 0;
      return candidate.at;
    }
    // The first loud pieces hold the tone only in part; one of the next two is all tone, if it is a pulse.
    if (loud && this.#quietMs >= QUIET_MS) this.#candidate = { at, left: 2 };
    else if (candidate !== null && --candidate.left === 0) this.#candidate = null;
    this.#quietMs = loud ? 0 : this.#quietMs + (piece.length * 1_000) / RATE;
    return null;
  }
}

function meanSquare(frame: Int16Array): number {
  let sum = 0;
  for (const sample of frame) sum += sample * sample;
  return sum / frame.length;
}

/** Goertzel: how much of the frame's energy is in the pulse's tone, 0..1. */
function toneShare(frame: Int16Array): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * PULSE_HZ) / RATE);
  let before = 0;
  let last = 0;
  for (const sample of frame) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
  }
  const power = before * before + last * last - coefficient * before * last;
  const total = meanSquare(frame) * frame.length;
  return total === 0 ? 0 : (2 * power) / (frame.length * total);
}
