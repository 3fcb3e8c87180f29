import type { CallStatus } from '../../call/index.ts';
import { isCalendarDate } from '../base/calendar-date.ts';
import { ApiError } from '../base/errors.ts';
import type { CallListQuery } from '../ports.ts';

const DIRECTIONS = ['inbound', 'outbound'] as const;
const STATUSES = [
  'scheduled',
  'awaiting_permission',
  'initiated',
  'ringing',
  'answered',
  'completed',
  'failed',
] as const satisfies CallStatus[];
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;
/** Longer than any id of Meta's. */
const MAX_ID_LENGTH = 512;

/**
 * Reads the query of `GET {phone_number_id}/calls` (kapso-api.md §3). An empty value counts as none. Names that it does
 * not know are left alone, `fields` among them: clients send fields of messages here, and a call keeps all of its own.
 *
 * @throws ApiError `invalid_parameter`, naming the field and the rule
 */
export function parseCallListQuery(phoneNumberId: string, query: Readonly<Record<string, unknown>>): CallListQuery {
  const text = (field: string) => single(query, field);
  const parsed = {
    phoneNumberId,
    limit: limit(text('limit')),
    after: text('after'),
    before: text('before'),
    direction: oneOf('direction', text('direction'), DIRECTIONS),
    status: oneOf('status', text('status'), STATUSES),
    callId: callId(text('call_id')),
    since: time('since', text('since'), 'start'),
    until: time('until', text('until'), 'end'),
  };
  if (parsed.after !== null && parsed.before !== null) {
    throw new ApiError('invalid_parameter', 'after and before cannot be given together');
  }
  return parsed;
}

function single(query: Readonly<Record<string, unknown>>, field: string): string | null {
  const value = Object.hasOwn(query, field) ? query[field] : undefined;
  if (value === undefined || value === '') return null;
  if (typeof value !== 'string') throw new ApiError('invalid_parameter', `${field} must be given once`);
  return value;
}

function limit(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT;
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= MAX_LIMIT) return value;
  throw new ApiError('invalid_parameter', `limit must be a whole number from 1 to ${MAX_LIMIT}`);
}

function oneOf<T extends string>(field: string, text: string | null, allowed: readonly T[]): T | null {
  if (text === null) return null;
  const found = allowed.find((value) => value === text.toLowerCase());
  if (found !== undefined) return found;
  throw new ApiError('invalid_parameter', `${field} must be one of ${allowed.join(', ')}`);
}

function callId(text: string | null): string | null {
  if (text === null || text.length <= MAX_ID_LENGTH) return text;
  throw new ApiError('invalid_parameter', `call_id must have at most ${MAX_ID_LENGTH} characters`);
}

/** Date, then optionally a time, then optionally its zone. A plus that was not escaped arrives as a space. */
const ISO_TIME = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+ -]\d{2}:?\d{2})?)?$/i;

/** Without a zone it is UTC. A date alone is its first moment in `since` and its last in `until`. */
function time(field: string, text: string | null, edge: 'start' | 'end'): number | null {
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
