import { z } from 'zod';
import { CALL_FILTER_QUERY, CALL_STATUSES, DIRECTIONS } from '../base/call-filter.ts';
import { ApiError } from '../base/errors.ts';
import { CURSOR_PAGE_QUERY, idOf, oneOf, pageOf, type Query, textOf, timeOf } from '../base/list-query.ts';
import { NUMBERED_PAGE_QUERY, type NumberedPage, numberedPageOf } from '../base/numbered-page.ts';
import { userNamed } from '../base/user-field.ts';
import { type CallFilter, NUMBERED_CALLS, type PageQuery } from '../ports.ts';

/** Which calls, and which page of them: by its number, or by a cursor. */
export interface PlatformCallQuery {
  readonly filter: Omit<CallFilter, 'projectId'>;
  readonly page: ({ readonly by: 'number' } & NumberedPage) | ({ readonly by: 'cursor' } & PageQuery);
}

const PERIODS = ['today', 'week', 'month', 'custom'] as const;
const DAY_MS = 24 * 3_600_000;
const PER_PAGE = 20;

const number = z.string().max(512).optional();
const date = z.string().optional();

/** The parameters as they are described (kapso-api.md §9). */
export const platformCallListQuery = z.object({
  ...CALL_FILTER_QUERY,
  phone_number_id: number.meta({ description: "Meta's id of a business number" }),
  whatsapp_config_id: number.meta({ description: 'The same, under its older name' }),
  voice_agent_id: z.string().max(512).optional().meta({ description: 'Who speaks, or spoke last' }),
  user: z.string().max(160).optional().meta({ description: 'A phone number with its country code, or a BSUID' }),
  period: z.enum(PERIODS).optional().meta({
    description: 'When the call started: today, this week (from Monday) or this month, in UTC; or the two dates',
  }),
  start_date: date.meta({ description: 'Calls that started then or later. ISO 8601; without a zone it is UTC' }),
  end_date: date.meta({ description: 'Calls that started then or earlier. A date alone is its last moment' }),
  page: NUMBERED_PAGE_QUERY.page.meta({
    description: `Which page, counted from 1; pages are numbered for the newest ${NUMBERED_CALLS} calls. Not together with a cursor`,
  }),
  per_page: NUMBERED_PAGE_QUERY.per_page.meta({ description: `How many on a page. Default: ${PER_PAGE}` }),
  ...CURSOR_PAGE_QUERY,
});

/**
 * Reads the query of `GET /platform/v1/whatsapp/calls` and of its older twin. An empty value counts as none; names it does
 * not know are left alone.
 *
 * @param at now, Unix milliseconds
 * @throws ApiError `invalid_parameter`, naming the field and the rule
 */
export function parsePlatformCallQuery(query: Query, at: number): PlatformCallQuery {
  return {
    filter: {
      phoneNumberId: idOf(query, 'phone_number_id') ?? idOf(query, 'whatsapp_config_id'),
      direction: oneOf(query, 'direction', DIRECTIONS),
      status: oneOf(query, 'status', CALL_STATUSES),
      agentId: idOf(query, 'voice_agent_id'),
      user: userOf(query),
      callId: null,
      ...spanOf(query, at),
    },
    page: whichPage(query),
  };
}

function whichPage(query: Query): PlatformCallQuery['page'] {
  const byCursor = ['after', 'before', 'limit'].some((field) => textOf(query, field) !== null);
  if (!byCursor) {
    const { page, perPage } = numberedPageOf(query, PER_PAGE);
    if (page * perPage <= NUMBERED_CALLS) return { by: 'number', page, perPage };
    const rule = `page must end within the newest ${NUMBERED_CALLS} calls; what is older is reached by after, with paging.cursors.after of any page`;
    throw new ApiError('invalid_parameter', rule);
  }
  if (textOf(query, 'page') === null)
    return { by: 'cursor', ...pageOf({ limit: textOf(query, 'per_page'), ...query }) };
  throw new ApiError('invalid_parameter', 'page cannot be given together with after, before or limit');
}

function userOf(query: Query): CallFilter['user'] {
  const text = textOf(query, 'user');
  const user = text === null ? null : userNamed(text);
  if (text === null || user !== null) return user;
  throw new ApiError('invalid_parameter', 'user must be a phone number with its country code, or a BSUID');
}

function spanOf(query: Query, at: number): Pick<CallFilter, 'since' | 'until'> {
  const period = oneOf(query, 'period', PERIODS);
  const span = { since: timeOf(query, 'start_date', 'start'), until: timeOf(query, 'end_date', 'end') };
  if (period === null || period === 'custom') return span;
  if (span.since !== null || span.until !== null) {
    throw new ApiError('invalid_parameter', 'start_date and end_date need period to be custom');
  }
  return { since: startOf(period, at), until: null };
}

/** In UTC: a project has no time zone. */
function startOf(period: 'today' | 'week' | 'month', at: number): number {
  const today = new Date(at);
  const midnight = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate());
  switch (period) {
    case 'today':
      return midnight;
    case 'week':
      return midnight - ((today.getUTCDay() + 6) % 7) * DAY_MS;
    case 'month':
      return Date.UTC(today.getUTCFullYear(), today.getUTCMonth());
    default:
      return period satisfies never;
  }
}
