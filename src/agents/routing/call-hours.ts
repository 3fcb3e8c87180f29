import type { CallHours, CallHoursSpan, Weekday } from '../ports.ts';

const WEEK: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** What the clock on the wall shows. */
interface WallTime {
  /** YYYY-MM-DD */
  readonly date: string;
  readonly day: Weekday;
  readonly minute: number;
}

/** Whether calls are taken at `at` (Unix milliseconds). `hours.timeZone` must be one that Intl knows. */
export function isOpen(hours: CallHours, at: number): boolean {
  const now = wallTime(hours.timeZone, at);
  if (hours.closedOn.includes(now.date)) return false;
  return hours.weekly.some((span) => covers(span, now));
}

function covers(span: CallHoursSpan, now: WallTime): boolean {
  const from = minuteOf(span.from);
  const to = minuteOf(span.to);
  const today = span.day === now.day;
  if (from < to) return today && now.minute >= from && now.minute < to;
  // Past midnight: the evening of its own day, and the morning of the next.
  return (today && now.minute >= from) || (dayAfter(span.day) === now.day && now.minute < to);
}

function dayAfter(day: Weekday): Weekday {
  return WEEK[(WEEK.indexOf(day) + 1) % WEEK.length]!;
}

function minuteOf(time: string): number {
  const [hour = '0', minute = '0'] = time.split(':');
  return Number(hour) * 60 + Number(minute);
}

/** Made once for each zone: making one costs far more than using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function wallTime(timeZone: string, at: number): WallTime {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const { year, month, day, weekday = '', hour, minute } = parts;
  return {
    date: `${year}-${month}-${day}`,
    day: weekday.toLowerCase() as Weekday,
    minute: Number(hour) * 60 + Number(minute),
  };
}
