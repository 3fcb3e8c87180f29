const DAY_MS = 86_400_000;

/** A list has five times in each record, and `Date` formats one in the time that the database needs for a row. */
const days = new Map<number, string>();
const MAX_DAYS = 1_000;

/** ISO 8601 in UTC with milliseconds, as `Date` writes it. @param time Unix milliseconds */
export function iso(time: number): string {
  const day = Math.floor(time / DAY_MS);
  const ms = time - day * DAY_MS;
  const clock = `${two(Math.floor(ms / 3_600_000))}:${two(Math.floor(ms / 60_000) % 60)}:${two(Math.floor(ms / 1_000) % 60)}`;
  return `${dateOf(day)}${clock}.${three(ms % 1_000)}Z`;
}

export function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time);
}

function dateOf(day: number): string {
  const known = days.get(day);
  if (known !== undefined) return known;
  if (days.size >= MAX_DAYS) days.clear();
  const text = new Date(day * DAY_MS).toISOString();
  const date = text.slice(0, text.indexOf('T') + 1);
  days.set(day, date);
  return date;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

function three(value: number): string {
  return value < 100 ? `0${two(value)}` : `${value}`;
}
