import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ClientDesk } from '../../permissions/index.ts';
import { ApiError } from '../base/errors.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described, type Operation } from '../base/operation.ts';
import { userNamed } from '../base/user-field.ts';
import type { KnownNumbers } from '../ports.ts';
import { type NumberRoute, sendOutcome } from './graph-route.ts';
import { proxyPaths } from './proxy-paths.ts';

export interface PermissionRoutesOptions {
  readonly numbers: KnownNumbers;
  readonly clients: Pick<ClientDesk, 'permissions'>;
}

/** What a user allows, as Graph and Kapso's proxy tell it (meta-calling.md §2.2). */
export function permissionRoutes(server: FastifyInstance, { numbers, clients }: PermissionRoutesOptions): void {
  for (const path of proxyPaths('call_permissions')) {
    server.get<NumberRoute>(path, described(OPERATION), async (request, reply) => {
      const { params, query } = request;
      const phoneNumberId = graphNumber(request, numbers, params.phoneNumberId);
      const user = userNamed(query['user_wa_id']) ?? userNamed(query['recipient']);
      if (user === null) {
        throw new ApiError('invalid_parameter', 'user_wa_id must be a phone number, or recipient a BSUID');
      }
      return sendOutcome(reply, await clients.permissions(phoneNumberId, user, params.version ?? null));
    });
  }
}

const limit = z.object({
  time_period: z.string().meta({ description: 'ISO 8601 duration', example: 'PT24H' }),
  max_allowed: z.number(),
  current_usage: z.number(),
  limit_expiration_time: z.number().optional().meta({ description: 'Unix seconds; only of a limit that is reached' }),
});

const answer = z.object({
  messaging_product: z.literal('whatsapp'),
  permission: z.object({
    status: z.enum(['no_permission', 'temporary', 'permanent']),
    expiration_time: z.number().optional().meta({ description: 'Unix seconds; of a temporary one' }),
  }),
  actions: z.array(
    z.object({
      action_name: z.enum(['send_call_permission_request', 'start_call']),
      can_perform_action: z.boolean(),
      limits: z.array(limit).optional(),
    }),
  ),
});

const OPERATION: Operation = {
  id: 'get_call_permissions',
  tag: 'Permissions',
  summary: 'Graph: whether a user may be called',
  description: "Graph's report of now and what this service counted itself; the latter alone while Graph gives none.",
  scope: 'read',
  query: z.object({
    user_wa_id: z.string().optional().meta({ description: "The user's phone number" }),
    recipient: z.string().optional().meta({ description: "The user's BSUID, where there is no number" }),
  }),
  answers: { 200: { description: 'What the user allows', body: answer } },
  passesThrough: true,
  errors: ['unknown_number', 'number_not_found', 'invalid_parameter'],
};
