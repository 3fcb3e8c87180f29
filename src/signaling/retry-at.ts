import { readRetryAfter } from '../net/index.ts';

/**
 * When Graph would allow what it refused, Unix milliseconds; null if it does not say. `error_data` of 138012 names the time
 * of the next call (meta-calling.md §6), and nobody has written down in what form: a Unix time or an ISO date, as a value
 * or in a sentence, is taken, if it lies ahead by no more than Meta's longest period. Else the header `Retry-After` counts.
 */
export function retryAtOf(body: unknown, retryAfter: string | null, now: number): number | null {
  const said = textsIn(errorDataOf(body), 0).flatMap(momentsIn);
  const ahead = said.filter((time) => time > now && time <= now + LONGEST_MS);
  if (ahead.length > 0) return Math.max(...ahead);
  const pause = retryAfter === null ? null : readRetryAfter(retryAfter, now);
  return pause === null || pause > LONGEST_MS ? null : now + pause;
}

/** A pause for quality lasts 7 days; a month leaves room for what is longer. A phone number is hardly ever within it. */
const LONGEST_MS = 31 * 24 * 3_600_000;
const UNIX_TIME = /(?<!\d)\d{10}(?:\d{3})?(?!\d)/g;
const ISO_DATE = /(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?/gi;
/** Answers are not deep. */
const DEEPEST = 4;

function errorDataOf(body: unknown): unknown {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
  return typeof error === 'object' && error !== null && 'error_data' in error ? error.error_data : null;
}

function textsIn(value: unknown, depth: number): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null || depth >= DEEPEST) return [];
  return Object.values(value).flatMap((part) => textsIn(part, depth + 1));
}

function momentsIn(text: string): readonly number[] {
  const unix = (text.match(UNIX_TIME) ?? []).map((digits) => Number(digits) * (digits.length === 10 ? 1000 : 1));
  const dates = [...text.matchAll(ISO_DATE)].map(([, day, time, zone]) => Date.parse(`${day}T${time}${zoneOf(zone)}`));
  return [...unix, ...dates.filter((date) => !Number.isNaN(date))];
}

/** Meta's times without a zone are UTC, like its Unix times. */
function zoneOf(zone: string | undefined): string {
  if (zone === undefined || /^[a-z]+$/i.test(zone)) return 'Z';
  return zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
}
