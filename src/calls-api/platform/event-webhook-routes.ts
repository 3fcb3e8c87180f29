import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Webhook, WebhookBook } from '../../events/index.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { inTurn } from '../base/in-turn.ts';
import { oneOf } from '../base/list-query.ts';
import { NUMBERED_PAGE_QUERY, numberedPageOf, onPage, pageMeta, pageMetaSchema } from '../base/numbered-page.ts';
import { platformNumber } from '../base/numbers-of-caller.ts';
import { described, type Operation } from '../base/operation.ts';
import type { KnownNumbers } from '../ports.ts';
import { toWebhookAnswer, webhookAnswer } from './event-webhook-answer.ts';
import { newWebhookBody, type ReceiverRules, webhookChangesBody } from './event-webhook-body.ts';
import { changedWebhook, newWebhook } from './event-webhook-change.ts';
import { type ReceiverRoutesOptions, receiverRoutes } from './event-webhook-receivers.ts';

export interface EventWebhookRoutesOptions extends Omit<ReceiverRoutesOptions, 'find'> {
  readonly webhooks: WebhookBook;
  readonly numbers: KnownNumbers;
  readonly rules: ReceiverRules;
}

interface WebhookRoute {
  Params: { id: string; phoneNumberId?: string };
  Querystring: Record<string, unknown>;
}

/** Where the routes are: of the whole project, and of one number (kapso-api.md §10). */
const PLACES = [
  { path: '/platform/v1/whatsapp/webhooks', of: 'project', words: 'all numbers of the project' },
  { path: '/platform/v1/whatsapp/phone_numbers/:phoneNumberId/webhooks', of: 'number', words: 'one number' },
] as const;

const ONE = z.strictObject({ data: webhookAnswer });
const PAGE = z.strictObject({ data: z.array(webhookAnswer), meta: pageMetaSchema });

/** Where events go. Secrets are told once: when they are made, and when they are changed. */
export function eventWebhookRoutes(server: FastifyInstance, options: EventWebhookRoutesOptions): void {
  const { webhooks, numbers, rules, now } = options;
  const change = inTurn();

  /** Null: the whole project. */
  function numberOf(request: FastifyRequest<WebhookRoute>): string | null {
    const { phoneNumberId } = request.params;
    return phoneNumberId === undefined ? null : platformNumber(request, numbers, phoneNumberId);
  }

  /** Under the project's path any webhook of the project is found, under a number's only those of the number. */
  function find(request: FastifyRequest<WebhookRoute>): Webhook {
    const phoneNumberId = numberOf(request);
    const webhook = webhooks.get(request.params.id);
    const isTheirs = webhook?.projectId === callerOf(request).projectId;
    if (webhook === null || !isTheirs || (phoneNumberId !== null && webhook.phoneNumberId !== phoneNumberId)) {
      throw new ApiError('webhook_not_found');
    }
    return webhook;
  }

  for (const { path, of, words } of PLACES) {
    const operation = (name: string, more: Omit<Operation, 'id' | 'tag'>) =>
      described({ id: `${name.replace('_', `_${of}_`)}`, tag: 'Webhooks', ...more });

    server.get<WebhookRoute>(
      path,
      operation('list_webhooks', {
        summary: `Webhooks of ${words}`,
        scope: 'read',
        query: z.object({
          ...NUMBERED_PAGE_QUERY,
          kind: z.enum(['kapso', 'meta']).optional().meta({ description: 'Only those of this kind' }),
        }),
        answers: { 200: { description: 'A page of webhooks, oldest first', body: PAGE } },
        errors: ['invalid_parameter', ...(of === 'number' ? (['number_not_found'] as const) : [])],
      }),
      async (request) => {
        const phoneNumberId = numberOf(request);
        const page = numberedPageOf(request.query);
        const kind = oneOf(request.query, 'kind', ['kapso', 'meta'] as const);
        const all = webhooks.list(callerOf(request).projectId, phoneNumberId);
        const wanted = all.filter((webhook) => kind === null || webhook.kind === kind);
        const shown = onPage(wanted, page).map((webhook) => toWebhookAnswer(webhook, null));
        return { data: shown, meta: pageMeta(page, wanted.length) };
      },
    );

    server.post<WebhookRoute>(
      path,
      operation('create_webhook', {
        summary: `Have events of ${words} sent somewhere`,
        description:
          'In the envelope `whatsapp_webhook`, or bare. Kind `kapso`: the events named, of docs/events.md. Kind `meta`, of ' +
          "one number and one for a number: Meta's own webhooks as they come. The answer holds the secret, which cannot " +
          'be read again.',
        scope: 'admin',
        body: newWebhookBody(rules),
        answers: { 201: { description: 'The webhook, with its secret', body: ONE } },
        errors: ['invalid_fields', ...(of === 'number' ? (['number_not_found'] as const) : [])],
      }),
      async (request, reply) =>
        change(async () => {
          const phoneNumberId = numberOf(request);
          const { projectId } = callerOf(request);
          const webhook = newWebhook(request.body, { projectId, phoneNumberId }, { book: webhooks, rules, at: now() });
          await webhooks.put(webhook);
          return reply.code(201).send({ data: toWebhookAnswer(webhook, webhook.secretKey) });
        }),
    );

    const errors = ['webhook_not_found', ...(of === 'number' ? (['number_not_found'] as const) : [])] as const;

    server.get<WebhookRoute>(
      `${path}/:id`,
      operation('get_webhook', {
        summary: 'One webhook',
        scope: 'read',
        answers: { 200: { description: 'The webhook, without its secret', body: ONE } },
        errors,
      }),
      async (request) => ({ data: toWebhookAnswer(find(request), null) }),
    );

    server.patch<WebhookRoute>(
      `${path}/:id`,
      operation('update_webhook', {
        summary: 'Change a webhook',
        description:
          'What is not named stays. `active: true` also has one that is paused or disabled sent to again. A new `secret_key` ' +
          'is told in the answer; `null` leaves the one that there is.',
        scope: 'admin',
        body: webhookChangesBody(rules),
        answers: { 200: { description: 'The webhook', body: ONE } },
        errors: ['invalid_fields', ...errors],
      }),
      async (request) =>
        change(async () => {
          const { webhook, secretKey } = changedWebhook(find(request), request.body, { rules, at: now() });
          await webhooks.put(webhook);
          return { data: toWebhookAnswer(webhook, secretKey) };
        }),
    );

    server.delete<WebhookRoute>(
      `${path}/:id`,
      operation('delete_webhook', {
        summary: 'Delete a webhook and its deliveries',
        scope: 'admin',
        answers: { 204: { description: 'It is gone', body: null } },
        errors,
      }),
      async (request, reply) =>
        change(async () => {
          await webhooks.remove(find(request).id);
          return reply.code(204).send();
        }),
    );

    receiverRoutes(server, { path, of, errors, find, ...options });
  }
}
