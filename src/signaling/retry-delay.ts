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

/** Milliseconds from `now` that a `Retry-After` asks for; null if it makes no sense. */
export function readRetryAfter(value: string, now: number): number | null {
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
