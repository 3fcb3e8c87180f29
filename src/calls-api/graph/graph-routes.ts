import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { keyInCallbackData } from '../../call/index.ts';
import { type ClientDesk, recipientOf, type UserRef } from '../../permissions/index.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described } from '../base/operation.ts';
import { sendSaid } from '../base/said.ts';
import type { CallQueries, GraphForward, KnownNumbers } from '../ports.ts';
import { type BridgeCallOptions, placeBridgeCall } from './bridge-call.ts';
import { ACT_ON_CALL } from './call-action-operation.ts';
import { clientBodyIn, type GraphClientBody } from './client-body.ts';
import { type NumberRoute, sendOutcome } from './graph-route.ts';
import { proxyPaths } from './proxy-paths.ts';

export interface GraphRoutesOptions extends BridgeCallOptions {
  readonly numbers: KnownNumbers;
  readonly clients: Pick<ClientDesk, 'connect'>;
  readonly forward: GraphForward;
  readonly calls: CallQueries;
}

const MAX_CALLBACK_DATA = 512;

const SUCCESS = { messaging_product: 'whatsapp', success: true };

/**
 * The actions on calls of Graph and of Kapso's proxy. A call with a session is the client's and passes through; without one
 * this service has the media and the number's agent speaks. Limits hold for both.
 */
export function graphRoutes(server: FastifyInstance, options: GraphRoutesOptions): void {
  const { numbers, clients } = options;

  for (const path of proxyPaths('calls')) {
    server.post<NumberRoute>(path, described(ACT_ON_CALL), async (request, reply) => {
      const phoneNumberId = graphNumber(request, numbers, request.params.phoneNumberId);
      const body = clientBodyIn(request);
      const data = callbackDataIn(body);
      if (body.value['action'] !== 'connect') return await act(options, request, phoneNumberId, body, reply);
      const user = calleeIn(body);
      if ((body.value['session'] ?? null) !== null) {
        return sendOutcome(reply, await clients.connect(phoneNumberId, user, body));
      }
      return await placeBridgeCall(options, { phoneNumberId, user, bizOpaqueCallbackData: data }, reply);
    });
  }
}

/** Any other action: on a call whose media are here it is this service's to end; on any other it passes through. */
async function act(
  { forward, calls, live }: GraphRoutesOptions,
  request: FastifyRequest,
  phoneNumberId: string,
  body: GraphClientBody,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { action, call_id: callId } = body.value;
  if (typeof action !== 'string') throw new ApiError('invalid_parameter', 'action must be given');
  if (typeof callId !== 'string') throw new ApiError('invalid_parameter', 'call_id must be given');
  const call = await calls.find(callerOf(request).projectId, callId);
  if (call?.phone_number_id === phoneNumberId && live.isOurs(call.id)) {
    const ends = action === 'terminate' || action === 'reject';
    if (!ends) throw new ApiError('bridge_has_call');
    live.hangUp(call.id);
    return reply.send(SUCCESS);
  }
  const result = await forward(phoneNumberId, body);
  if (result.type === 'unknown') throw new ApiError('graph_unanswered');
  return sendSaid(reply, result);
}

function calleeIn({ value }: GraphClientBody): UserRef {
  const user = recipientOf(value);
  if (user === null) throw new ApiError('invalid_parameter', 'to must be a phone number, or recipient a BSUID');
  return user;
}

/** Data that look like ours would have the webhooks of a client's call taken for those of a call of this service. */
function callbackDataIn({ value }: GraphClientBody): string | null {
  const data = value['biz_opaque_callback_data'] ?? null;
  if (data === null) return null;
  if (typeof data === 'string' && data.length <= MAX_CALLBACK_DATA && keyInCallbackData(data) === null) return data;
  const rule = `must be a text of at most ${MAX_CALLBACK_DATA} characters that does not begin with talkwire:`;
  throw new ApiError('invalid_parameter', `biz_opaque_callback_data ${rule}`);
}
