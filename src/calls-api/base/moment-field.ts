import { field } from '../../agents/index.ts';
import { isCalendarDate } from './calendar-date.ts';

/** Of a body: a time with its offset, in Unix milliseconds. */
export const moment = field('must be a time with its offset, such as 2026-12-24T18:00:00Z', timeOf, {
  type: 'string',
  format: 'date-time',
});

function timeOf(given: unknown): number | null {
  if (typeof given !== 'string') return null;
  const day = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.exec(given)?.[1];
  const time = Date.parse(given);
  return day === undefined || !isCalendarDate(day) || Number.isNaN(time) ? null : time;
}
