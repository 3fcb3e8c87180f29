import { z } from 'zod';
import { type Attempt, type Delivery, type DeliveryDetail, EVENT_TYPES } from '../../events/index.ts';
import { isoOrNull } from '../base/iso-time.ts';

const time = z.iso.datetime();

/** What was sent, and what came back. */
export const attemptAnswer = z.strictObject({
  at: time,
  duration_ms: z.int(),
  delivered: z.boolean().meta({ description: 'A 2xx came, in time' }),
  response_status: z.int().nullable().meta({ description: 'Null without an answer' }),
  error: z.string().nullable().meta({ description: 'Why it does not count' }),
  response_excerpt: z.string().nullable().meta({ description: 'The beginning of the body of the answer' }),
  request_headers: z
    .record(z.string(), z.string())
    .meta({ description: "As they were sent; values of the webhook's own headers are hidden" }),
});

/** One event for one webhook. */
export const deliveryAnswer = z.strictObject({
  id: z.string(),
  webhook_id: z.string(),
  event: z.enum([...EVENT_TYPES, 'meta']).meta({ description: "meta: a webhook of Meta's, handed on" }),
  event_id: z.string().meta({ description: 'The header webhook-id' }),
  idempotency_key: z.string().meta({ description: 'The header X-Idempotency-Key' }),
  phone_number_id: z.string(),
  ordering_key: z.string().meta({ description: 'Those with the same one are sent one after another' }),
  status: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.int(),
  response_status: z.int().nullable().meta({ description: 'Of the last attempt' }),
  next_attempt_at: time.nullable().meta({ description: 'Null if it waits behind another, or is finished' }),
  created_at: time,
  finished_at: time.nullable(),
});

export const deliveryDetailAnswer = deliveryAnswer.extend({
  payload: z.string().meta({ description: 'The body that is sent, as it is' }),
  attempt_log: z.array(attemptAnswer).meta({ description: 'Oldest first' }),
});

export function toDelivery(delivery: Delivery): z.output<typeof deliveryAnswer> {
  return {
    id: delivery.id,
    webhook_id: delivery.webhookId,
    event: delivery.type,
    event_id: delivery.eventId,
    idempotency_key: delivery.idempotencyKey,
    phone_number_id: delivery.phoneNumberId,
    ordering_key: delivery.orderingKey,
    status: delivery.status,
    attempts: delivery.attempts,
    response_status: delivery.responseStatus,
    next_attempt_at: isoOrNull(delivery.nextAttemptAt),
    created_at: new Date(delivery.createdAt).toISOString(),
    finished_at: isoOrNull(delivery.finishedAt),
  };
}

export function toDeliveryDetail(delivery: DeliveryDetail): z.output<typeof deliveryDetailAnswer> {
  return { ...toDelivery(delivery), payload: delivery.body, attempt_log: delivery.attemptLog.map(toAttempt) };
}

export function toAttempt(attempt: Attempt): z.output<typeof attemptAnswer> {
  return {
    at: new Date(attempt.at).toISOString(),
    duration_ms: Math.round(attempt.durationMs),
    delivered: attempt.error === null,
    response_status: attempt.status,
    error: attempt.error,
    response_excerpt: attempt.responseExcerpt,
    request_headers: attempt.requestHeaders,
  };
}
