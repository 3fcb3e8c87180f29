import { z } from 'zod';
import type { CallStatus } from '../../call/index.ts';

export const DIRECTIONS = ['inbound', 'outbound'] as const;
export const CALL_STATUSES = [
  'scheduled',
  'awaiting_permission',
  'initiated',
  'ringing',
  'answered',
  'completed',
  'failed',
] as const satisfies CallStatus[];

/** Filters that both lists of calls have, as they are described. */
export const CALL_FILTER_QUERY = {
  direction: z.enum(DIRECTIONS).optional().meta({ description: 'In any letter case' }),
  status: z.enum(CALL_STATUSES).optional().meta({ description: 'In any letter case' }),
};
