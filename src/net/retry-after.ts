/** Milliseconds from `now` that a `Retry-After` asks for, in seconds or as a date; null if it makes no sense. */
export function readRetryAfter(value: string, now: number): number | null {
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
