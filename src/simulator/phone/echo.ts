import { type Correlation, correlate } from '../../audio/index.ts';
import type { PhoneReport } from './report.ts';

/** How an echo agent's answer came back to the phone. */
export interface Echo extends Correlation {
  /** From a word to its return on the path of the fastest packet, without the phone's own playout delay, ms. */
  readonly delayMs: number;
}

const RATE = 16_000;

/** Compares what the phone said with what it heard. null if it said or heard nothing. */
export function measureEcho(report: PhoneReport): Echo | null {
  if (report.heardStartMs === null || report.spokenStartMs === null) return null;
  const match = correlate(report.spoken, report.heard, RATE);
  return { ...match, delayMs: report.heardStartMs - report.spokenStartMs + match.lagMs - report.playoutMs };
}
