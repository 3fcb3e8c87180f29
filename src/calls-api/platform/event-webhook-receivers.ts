import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type DeliveryLog, EVENT_TYPES, type EventDesk, type EventType, type Webhook } from '../../events/index.ts';
import { bodyIn } from '../base/body-in.ts';
import type { ApiErrorName } from '../base/error-table.ts';
import { moment } from '../base/moment-field.ts';
import { described } from '../base/operation.ts';
import { attemptAnswer, toAttempt } from './delivery-answer.ts';

export interface ReceiverRoutesOptions {
  readonly deliveries: Pick<DeliveryLog, 'redeliverSpan'>;
  readonly desk: Pick<EventDesk, 'test'>;
  /** Throws ApiError if there is none. */
  readonly find: (request: FastifyRequest<WebhookRoute>) => Webhook;
  /** Unix milliseconds. */
  readonly now: () => number;
}

interface WebhookRoute {
  Params: { id: string; phoneNumberId?: string };
  Querystring: Record<string, unknown>;
}

/** Where they hang, and what they answer to an id that is none. */
export interface ReceiverPlace {
  readonly path: string;
  readonly of: 'project' | 'number';
  readonly errors: readonly ApiErrorName[];
}

const spanBody = z.object(
  {
    since: moment.meta({ description: 'Made at this time or later' }),
    until: moment.nullable().optional().meta({ description: 'Made at this time or before. Default: now' }),
    status: z
      .enum(['pending', 'delivered', 'failed'], { error: 'must be pending, delivered or failed' })
      .nullable()
      .optional()
      .meta({ description: 'Of which this has become. Default: all' }),
  },
  { error: 'must be an object' },
);

const testBody = z.object(
  {
    event_type: z
      .enum(EVENT_TYPES, { error: 'must be the name of an event of this service' })
      .nullable()
      .optional()
      .meta({ description: 'Default: the first that the webhook names. Without a meaning for the kind meta' }),
  },
  { error: 'must be an object' },
);

/** What is done to the receiver of a webhook: it is sent a sample, or what it was sent before. */
export function receiverRoutes(server: FastifyInstance, options: ReceiverRoutesOptions & ReceiverPlace): void {
  const { path, of, errors, find, deliveries, desk, now } = options;

  server.post<WebhookRoute>(
    `${path}/:id/test`,
    described({
      id: `test_${of}_webhook`,
      tag: 'Webhooks',
      summary: 'Send a sample now, once',
      description: 'If the receiver takes it, a webhook that is paused or disabled is sent to again.',
      scope: 'admin',
      body: testBody,
      answers: { 200: { description: 'What came of it', body: z.strictObject({ data: attemptAnswer }) } },
      errors: ['invalid_fields', ...errors],
    }),
    async (request) => {
      const webhook = find(request);
      const { event_type: asked } = bodyIn(testBody, request.body ?? {}, 'whatsapp_webhook');
      const type: EventType = asked ?? webhook.events[0] ?? 'whatsapp.call.ended';
      return { data: toAttempt(await desk.test(webhook, type)) };
    },
  );

  server.post<WebhookRoute>(
    `${path}/:id/redeliver`,
    described({
      id: `redeliver_${of}_webhook`,
      tag: 'Webhooks',
      summary: 'Send everything of a time again',
      description: 'In the order in which it was made. Receivers know what they had by `X-Idempotency-Key`.',
      scope: 'admin',
      body: spanBody,
      answers: {
        202: {
          description: 'How many are to be sent again',
          body: z.strictObject({ data: z.strictObject({ queued: z.int() }) }),
        },
      },
      errors: ['invalid_fields', ...errors],
    }),
    async (request, reply) => {
      const webhook = find(request);
      const at = now();
      const { since, until, status } = bodyIn(spanBody, request.body, 'redelivery');
      const span = { since, until: until ?? at, status: status ?? null };
      return reply.code(202).send({ data: { queued: await deliveries.redeliverSpan(webhook.id, span, at) } });
    },
  );
}
