import type { Verdict } from './ports.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/** After the first tries, as Kapso waits (kapso-api.md §10). */
const FIRST_WAITS_MS = [10 * SECOND, 40 * SECOND, 90 * SECOND];
const GROWTH = 3;
const LONGEST_WAIT_MS = 12 * HOUR;
/** Of the growing waits, up or down: what failed together does not come back together. */
const JITTER = 0.2;
/** From the first try on. */
const GIVEN_UP_AFTER_MS = 72 * HOUR;
/** A receiver that wants to be left alone for longer is asked again all the same. */
const LONGEST_RETRY_AFTER_MS = 24 * HOUR;

export interface FailedTry {
  /** When it began, Unix milliseconds. */
  readonly at: number;
  /** How many there were with it. */
  readonly tries: number;
  readonly firstTryAt: number;
  /** How long the webhook was paused since then, which does not count, milliseconds. */
  readonly pausedMs: number;
  /** What the receiver asked for, milliseconds; null if it did not. */
  readonly retryAfterMs: number | null;
}

/**
 * When a delivery is tried again. The last try is 3 days after the first.
 *
 * @param now Unix milliseconds: when the try was over
 * @param random from 0 up to 1
 */
export function afterFailure(failed: FailedTry, now: number, random: number): Verdict {
  const lastTryAt = failed.firstTryAt + failed.pausedMs + GIVEN_UP_AFTER_MS;
  if (failed.at >= lastTryAt) return { type: 'given_up' };
  const asked = Math.min(failed.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  const wait = Math.max(waitAfter(failed.tries, random), asked);
  return { type: 'retry', at: Math.round(Math.min(now + wait, Math.max(lastTryAt, now))) };
}

function waitAfter(tries: number, random: number): number {
  const first = FIRST_WAITS_MS[tries - 1];
  if (first !== undefined) return first;
  const grown = FIRST_WAITS_MS.at(-1)! * GROWTH ** (tries - FIRST_WAITS_MS.length);
  return Math.min(grown, LONGEST_WAIT_MS) * (1 + JITTER * (2 * random - 1));
}
