import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { DeliveryDetail, DeliveryLog } from '../../events/index.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { described } from '../base/operation.ts';
import { pageAnswer, pageSchema } from '../base/paging.ts';
import { deliveryAnswer, deliveryDetailAnswer, toDelivery, toDeliveryDetail } from './delivery-answer.ts';
import { DELIVERY_QUERY, deliveryQueryOf } from './delivery-query.ts';

export interface DeliveryRoutesOptions {
  readonly deliveries: DeliveryLog;
  /** Where clients reach us, without a trailing slash; null means as the request says. */
  readonly publicUrl: string | null;
  /** Unix milliseconds. */
  readonly now: () => number;
}

interface DeliveryRoute {
  Params: { id: string };
}

const PATH = '/platform/v1/webhook_deliveries';
const DETAIL = z.strictObject({ data: deliveryDetailAnswer });

/** What was sent to the webhooks of the project, and what came of it. */
export function deliveryRoutes(server: FastifyInstance, options: DeliveryRoutesOptions): void {
  const { deliveries, publicUrl, now } = options;
  const find = async (projectId: string, id: string): Promise<DeliveryDetail> => {
    const delivery = await deliveries.find(projectId, id);
    if (delivery === null) throw new ApiError('delivery_not_found');
    return delivery;
  };

  server.get<{ Querystring: Record<string, unknown> }>(
    PATH,
    described({
      id: 'list_webhook_deliveries',
      tag: 'Webhooks',
      summary: 'What was sent to webhooks, newest first',
      scope: 'read',
      query: DELIVERY_QUERY,
      answers: { 200: { description: 'A page of deliveries', body: pageSchema(deliveryAnswer) } },
      errors: ['invalid_parameter'],
    }),
    async (request) => {
      const query = deliveryQueryOf(request.query, callerOf(request).projectId, now());
      const page = await deliveries.list(query);
      return pageAnswer({ ...page, data: page.data.map(toDelivery) }, request, publicUrl);
    },
  );

  server.get<DeliveryRoute>(
    `${PATH}/:id`,
    described({
      id: 'get_webhook_delivery',
      tag: 'Webhooks',
      summary: 'One delivery, with its payload and every attempt',
      scope: 'read',
      answers: { 200: { description: 'The delivery', body: DETAIL } },
      errors: ['delivery_not_found'],
    }),
    async (request) => {
      const delivery = await find(callerOf(request).projectId, request.params.id);
      return { data: toDeliveryDetail(delivery) };
    },
  );

  server.post<DeliveryRoute>(
    `${PATH}/:id/redeliver`,
    described({
      id: 'redeliver_webhook_delivery',
      tag: 'Webhooks',
      summary: 'Send one again, whatever became of it',
      description:
        'It takes its place behind those of its ordering key that are not finished, with a schedule of its own.',
      scope: 'admin',
      answers: { 202: { description: 'It is to be sent again', body: DETAIL } },
      errors: ['delivery_not_found'],
    }),
    async (request, reply) => {
      const { projectId } = callerOf(request);
      const { id } = request.params;
      if (!(await deliveries.redeliver(projectId, id, now()))) throw new ApiError('delivery_not_found');
      return reply.code(202).send({ data: toDeliveryDetail(await find(projectId, id)) });
    },
  );
}
