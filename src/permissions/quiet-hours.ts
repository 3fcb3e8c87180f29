import { getCountry } from 'countries-and-timezones';
import { countryOf } from './country.ts';
import type { DialRules } from './ports.ts';
import { hasTimeZone, offsetAt } from './time-zone.ts';

/** HH:MM on the user's clock; over midnight if `from` is after `to`. */
export type QuietHours = NonNullable<DialRules['quietHours']>;

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** Where the zones of a country leave no moment that suits all of them within this, one of them has to do. */
const PATIENCE_MS = 48 * 3_600_000;

/**
 * The time zones in which a user may be: all those of the country of the number, or of the BSUID, which begins with it.
 * None if neither tells.
 */
export function zonesOf(waId: string | null, userId: string | null = null): readonly string[] {
  const country = waId === null ? (/^([A-Z]{2})\./.exec(userId ?? '')?.[1] ?? null) : countryOf(waId);
  if (country === null) return [];
  return (getCountry(country)?.timezones ?? []).filter(hasTimeZone);
}

/**
 * The next moment at which it is quiet in none of the zones: `at` itself if it is not quiet, else a full minute. Without
 * zones it never is quiet. If there is none within 48 hours, since quiet hours are long and the country wide, the zone in
 * the middle of the country's stands for all: the user is then at most half the country's width off.
 *
 * @param zones IANA names that exist
 * @param at Unix milliseconds
 */
export function quietUntil(hours: QuietHours, zones: readonly string[], at: number): number {
  const span = spanOf(hours);
  let time = at;
  while (time - at <= PATIENCE_MS) {
    const next = Math.max(time, ...zones.map((zone) => endOfQuiet(span, zone, time)));
    if (next === time) return time;
    time = next;
  }
  const inOrder = zones.toSorted((one, other) => offsetAt(one, at) - offsetAt(other, at));
  const middle = inOrder[Math.floor((inOrder.length - 1) / 2)];
  return middle === undefined ? at : endOfQuiet(span, middle, at);
}

/** Minutes of the day. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** When quiet hours end that hold in a zone at a time: that time if none do. */
function endOfQuiet(span: Span, zone: string, at: number): number {
  let time = at;
  // A day has two changes of the clock at the very most; the bound is for quiet hours that would never end.
  for (let step = 0; step < 8; step++) {
    const minute = localMinute(zone, time);
    if (!isWithin(span, minute)) return time;
    const left = (span.to - minute + DAY_MINUTES) % DAY_MINUTES;
    const end = Math.floor(time / MINUTE_MS) * MINUTE_MS + left * MINUTE_MS;
    const offset = offsetAt(zone, time);
    if (offsetAt(zone, end) === offset) return end;
    time = firstWithOtherOffset(zone, offset, time, end);
  }
  return time;
}

/** The clock changes between the two times, once. */
function firstWithOtherOffset(zone: string, offset: number, before: number, after: number): number {
  let low = Math.floor(before / MINUTE_MS);
  let high = after / MINUTE_MS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle * MINUTE_MS) === offset) low = middle;
    else high = middle;
  }
  return high * MINUTE_MS;
}

function localMinute(zone: string, at: number): number {
  const minutes = Math.floor(at / MINUTE_MS) + offsetAt(zone, at);
  return ((minutes % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
}

function isWithin({ from, to }: Span, minute: number): boolean {
  return from <= to ? from <= minute && minute < to : from <= minute || minute < to;
}

function spanOf({ from, to }: QuietHours): Span {
  return { from: minuteOf(from), to: minuteOf(to) };
}

function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
