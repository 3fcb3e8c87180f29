import { z } from 'zod';
import type { PageQuery } from '../ports.ts';
import { isCalendarDate } from './calendar-date.ts';
import { ApiError } from './errors.ts';

/** A query as fastify hands it on. */
export type Query = Readonly<Record<string, unknown>>;

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;
/** Longer than any id of Meta's. */
const MAX_ID_LENGTH = 512;

/** Parameters of a list with cursors, as they are described. */
export const CURSOR_PAGE_QUERY = {
  limit: z
    .int()
    .min(1)
    .max(MAX_LIMIT)
    .optional()
    .meta({ description: `How many on a page. Default: ${DEFAULT_LIMIT}` }),
  after: z.string().optional().meta({ description: 'The next page: `paging.cursors.after` of the one before' }),
  before: z.string().optional().meta({ description: 'The previous page. Not together with `after`' }),
};

/** One value, or none: an empty one counts as none. */
export function textOf(query: Query, field: string): string | null {
  const value = Object.hasOwn(query, field) ? query[field] : undefined;
  if (value === undefined || value === '') return null;
  if (typeof value !== 'string') throw new ApiError('invalid_parameter', `${field} must be given once`);
  return value;
}

/** Which page is asked for (kapso-api.md §3). */
export function pageOf(query: Query): PageQuery {
  const [after, before] = [textOf(query, 'after'), textOf(query, 'before')];
  if (after !== null && before !== null) {
    throw new ApiError('invalid_parameter', 'after and before cannot be given together');
  }
  return { limit: limitOf(textOf(query, 'limit')), after, before };
}

function limitOf(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT;
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= MAX_LIMIT) return value;
  throw new ApiError('invalid_parameter', `limit must be a whole number from 1 to ${MAX_LIMIT}`);
}

/** One of some words, in any letter case. */
export function oneOf<T extends string>(query: Query, field: string, allowed: readonly T[]): T | null {
  const text = textOf(query, field);
  if (text === null) return null;
  const found = allowed.find((value) => value === text.toLowerCase());
  if (found !== undefined) return found;
  throw new ApiError('invalid_parameter', `${field} must be one of ${allowed.join(', ')}`);
}

export function idOf(query: Query, field: string): string | null {
  const text = textOf(query, field);
  if (text === null || text.length <= MAX_ID_LENGTH) return text;
  throw new ApiError('invalid_parameter', `${field} must have at most ${MAX_ID_LENGTH} characters`);
}

/** Date, then optionally a time, then optionally its zone. A plus that was not escaped arrives as a space. */
const ISO_TIME = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+ -]\d{2}:?\d{2})?)?$/i;

/** Unix milliseconds. Without a zone it is UTC. A date alone is its first moment at the `start` of a span, its last at the `end`. */
export function timeOf(query: Query, field: string, edge: 'start' | 'end'): number | null {
  const text = textOf(query, field);
  if (text === null) return null;
  const [, date, clock, zone] = ISO_TIME.exec(text) ?? [];
  const moment = clock ?? (edge === 'start' ? '00:00:00.000' : '23:59:59.999');
  const offset = (zone ?? 'Z')
    .toUpperCase()
    .replace(' ', '+')
    .replace(/(\d{2}):?(\d{2})$/, '$1:$2');
  const value = Date.parse(`${date}T${moment}${offset}`);
  if (date !== undefined && isCalendarDate(date) && !Number.isNaN(value)) return value;
  throw new ApiError('invalid_parameter', `${field} must be an ISO 8601 time, such as 2026-11-20T09:30:00Z`);
}
