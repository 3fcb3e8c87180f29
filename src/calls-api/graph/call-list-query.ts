import type { CallStatus } from '../../call/index.ts';
import { idOf, oneOf, pageOf, type Query, timeOf } from '../base/list-query.ts';
import type { CallListQuery } from '../ports.ts';

export const DIRECTIONS = ['inbound', 'outbound'] as const;
export const STATUSES = [
  'scheduled',
  'awaiting_permission',
  'initiated',
  'ringing',
  'answered',
  'completed',
  'failed',
] as const satisfies CallStatus[];

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
    status: oneOf(query, 'status', STATUSES),
    callId: idOf(query, 'call_id'),
    since: timeOf(query, 'since', 'start'),
    until: timeOf(query, 'until', 'end'),
  };
}
