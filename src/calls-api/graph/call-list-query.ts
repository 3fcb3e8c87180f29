import { z } from 'zod';
import { CALL_FILTER_QUERY, CALL_STATUSES, DIRECTIONS } from '../base/call-filter.ts';
import { CURSOR_PAGE_QUERY, idOf, oneOf, pageOf, type Query, timeOf } from '../base/list-query.ts';
import type { CallListQuery } from '../ports.ts';

const time = z.string().optional();

/** The parameters as they are described. */
export const callListQuery = z.object({
  ...CALL_FILTER_QUERY,
  since: time.meta({ description: 'Calls that started then or later. ISO 8601; without a zone it is UTC' }),
  until: time.meta({ description: 'Calls that started then or earlier. A date alone is its last moment' }),
  call_id: z.string().max(512).optional().meta({ description: "Meta's id of a call, or our own" }),
  ...CURSOR_PAGE_QUERY,
  fields: z.string().optional().meta({ description: 'Read and left alone: a call keeps all of its fields' }),
});

/**
 * Reads the query of `GET {phone_number_id}/calls` (kapso-api.md §3). An empty value counts as none. Names that it does
 * not know are left alone, `fields` among them: clients send fields of messages here, and a call keeps all of its own.
 *
 * @throws ApiError `invalid_parameter`, naming the field and the rule
 */
export function parseCallListQuery(query: Query): Omit<CallListQuery, 'phoneNumberId' | 'projectId'> {
  return {
    ...pageOf(query),
    direction: oneOf(query, 'direction', DIRECTIONS),
    status: oneOf(query, 'status', CALL_STATUSES),
    callId: idOf(query, 'call_id'),
    since: timeOf(query, 'since', 'start'),
    until: timeOf(query, 'until', 'end'),
    agentId: null,
    user: null,
  };
}
