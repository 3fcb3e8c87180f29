import { readRetryAfter } from '../net/index.ts';

const FIRST_MS = 200;
const LONGEST_MS = 2_000;

/**
 * Milliseconds to wait before the attempt after the given one (counted from 1). `retryAfter`, a header in seconds or as a
 * date, wins; else the pause doubles, and varies so that calls which failed together do not come back together.
 */
export function retryDelayMs(attempt: number, retryAfter: string | null, now: number): number {
  const told = retryAfter === null ? null : readRetryAfter(retryAfter, now);
  if (told !== null) return Math.max(FIRST_MS, told);
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)) * (0.5 + Math.random());
}
