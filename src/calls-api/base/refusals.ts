import type { FastifyReply } from 'fastify';
import type { Denial, DenyReason, GraphRefusal, PlacingRefusal, Refused } from '../../permissions/index.ts';
import { metaStatusOf } from '../graph/meta-status.ts';
import type { Naming } from '../ports.ts';
import type { ApiErrorName } from './error-table.ts';
import { ApiError } from './errors.ts';
import { retryAfter } from './retry-after.ts';
import { sendSaid } from './said.ts';

/** Which error of the table a refusal is: each with Meta's own code and status (meta-calling.md §7.2). */
const DENIALS = {
  no_permission: 'no_permission',
  request_limit: 'request_limit',
  request_pending: 'request_limit',
  permission_exists: 'permission_exists',
  connected_call_limit: 'connected_call_limit',
  unanswered_guard: 'connected_call_limit',
  call_ongoing: 'call_ongoing',
  too_many_calls: 'too_many_calls',
  dial_rate: 'dial_rate',
  country_not_supported: 'dialling_unavailable',
  calling_disabled: 'calling_disabled',
  number_paused: 'dialling_paused',
  window_closed: 'window_closed',
  messaging_tier: 'messaging_tier',
} as const satisfies Record<DenyReason, ApiErrorName>;

const UNAVAILABLE = {
  draining: ['not_now', 'The service is stopping; it places no calls any more'],
  at_capacity: ['not_now', 'As many calls are live here as TALKWIRE_MAX_CALLS allows'],
  unknown_number: ['number_not_found', 'phone_number_id is not a number of this service'],
  no_agent: ['no_agent', 'No voice agent that this service speaks for is assigned to the number'],
  unknown_agent: ['voice_agent_not_found', 'voice_agent_id is not a voice agent of this service'],
  not_waiting: ['call_not_found', 'This call is not waiting any more'],
} as const satisfies Record<PlacingRefusal, readonly [ApiErrorName, string]>;

/** Why a call or a message may not be placed, beside Graph's own refusals. */
export const DENIAL_ERRORS: readonly ApiErrorName[] = [...new Set(Object.values(DENIALS))];

/** And why one is not placed from here. */
export const DIAL_ERRORS: readonly ApiErrorName[] = [
  ...new Set([...DENIAL_ERRORS, ...Object.values(UNAVAILABLE).map(([name]) => name)]),
];

/** Answers what was not done: Graph's own words as they were, and everything else by the table of errors. */
export function sendRefused(reply: FastifyReply, refused: Refused): FastifyReply {
  switch (refused.type) {
    case 'refused':
      return sendGraphRefusal(reply, refused.refusal);
    case 'unanswered':
      if (refused.answer === null) throw new ApiError('graph_unanswered');
      return sendSaid(reply, refused.answer);
    case 'denied':
      throw deniedError(refused.denial);
    case 'unavailable': {
      const [name, details] = UNAVAILABLE[refused.why];
      throw new ApiError(name, details, { extra: { reason: refused.why } });
    }
    default:
      return refused satisfies never;
  }
}

/**
 * What a client is told of a call that was over before Meta had named it.
 *
 * @param id our own id of it, under which its record is
 */
export function endedError({ reason, detail }: Extract<Naming, { type: 'ended' }>, id: string): ApiError {
  const extra = { reason, call: id };
  const code = reason === 'connect_refused' && /^\d+$/.test(detail ?? '') ? Number(detail) : null;
  if (code !== null) {
    const meta = { code, status: metaStatusOf(code) };
    return new ApiError('connect_refused', `Graph refused to place the call, with its code ${code}`, { extra, meta });
  }
  if (reason === 'connect_unknown') return new ApiError('graph_unanswered', undefined, { extra });
  const more = detail === null ? '' : ` (${detail})`;
  return new ApiError('not_now', `The call was over before Meta had named it: ${reason}${more}`, { extra });
}

function sendGraphRefusal(reply: FastifyReply, refusal: GraphRefusal): FastifyReply {
  if (refusal.retryAfterMs !== null) reply.header('retry-after', retryAfter(refusal.retryAfterMs));
  return sendSaid(reply, refusal);
}

function deniedError({ code, reason, until, why }: Denial): ApiError {
  const retryAt = until === null ? null : new Date(until).toISOString();
  return new ApiError(DENIALS[reason], why, {
    extra: { reason, retry_at: retryAt },
    retryAt: until,
    meta: { code, status: metaStatusOf(code) },
  });
}
