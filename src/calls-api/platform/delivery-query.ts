import { z } from 'zod';
import { type DeliveryQuery, EVENT_TYPES } from '../../events/index.ts';
import { idOf, oneOf, pageOf, type Query } from '../base/list-query.ts';

const HOUR_MS = 3_600_000;
const PERIODS = { '24h': 24 * HOUR_MS, '7d': 7 * 24 * HOUR_MS, '30d': 30 * 24 * HOUR_MS } as const;
const STATUSES = ['pending', 'delivered', 'failed'] as const;
const NAMES = [...EVENT_TYPES, 'meta'] as const;

/** The parameters, as they are described (kapso-api.md §10). */
export const DELIVERY_QUERY = z.object({
  period: z.enum(['24h', '7d', '30d']).optional().meta({ description: 'Made within this time. Default: all' }),
  status: z.enum(STATUSES).optional().meta({ description: 'What became of it' }),
  event: z.enum(NAMES).optional().meta({ description: 'Of this event' }),
  webhook_id: z.string().optional().meta({ description: 'For this webhook' }),
  phone_number_id: z.string().optional().meta({ description: 'Of this number' }),
  errors_only: z.enum(['true', 'false']).optional().meta({ description: 'With an attempt that failed' }),
  limit: z.int().min(1).max(100).optional().meta({ description: 'How many on a page. Default: 20' }),
  after: z.string().optional().meta({ description: 'Cursor: what is older' }),
  before: z.string().optional().meta({ description: 'Cursor: what is newer' }),
});

/** @throws ApiError `invalid_parameter`, naming the field and the rule */
export function deliveryQueryOf(query: Query, projectId: string, now: number): DeliveryQuery {
  const period = oneOf(query, 'period', ['24h', '7d', '30d'] as const);
  return {
    ...pageOf(query),
    projectId,
    webhookId: idOf(query, 'webhook_id'),
    type: oneOf(query, 'event', NAMES),
    status: oneOf(query, 'status', STATUSES),
    phoneNumberId: idOf(query, 'phone_number_id'),
    errorsOnly: oneOf(query, 'errors_only', ['true', 'false'] as const) === 'true',
    since: period === null ? null : now - PERIODS[period],
    until: null,
  };
}
