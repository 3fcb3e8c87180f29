import type { FastifyInstance, FastifyReply } from 'fastify';
import { isObject } from '../../agents/index.ts';
import { keyInCallbackData } from '../../call/index.ts';
import { type ClientDesk, type ClientOutcome, recipientOf, type UserRef } from '../../permissions/index.ts';
import { ApiError } from '../base/errors.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described } from '../base/operation.ts';
import { sendRefused } from '../base/refusals.ts';
import { userNamed } from '../base/user-field.ts';
import type { CallQueries, GraphForward, KnownNumbers } from '../ports.ts';
import { type BridgeCallOptions, placeBridgeCall } from './bridge-call.ts';
import { proxyPaths } from './proxy-paths.ts';

export interface GraphRoutesOptions extends BridgeCallOptions {
  readonly numbers: KnownNumbers;
  readonly clients: Pick<ClientDesk, 'connect' | 'send' | 'permissions'>;
  readonly forward: GraphForward;
  readonly calls: CallQueries;
}

interface NumberRoute {
  Params: { phoneNumberId: string };
  Querystring: Record<string, unknown>;
}

type Body = Readonly<Record<string, unknown>>;

const MAX_CALLBACK_DATA = 512;

const SUCCESS = { messaging_product: 'whatsapp', success: true };

/**
 * The writing routes of Graph and of Kapso's proxy. A call with a session is the client's and passes through; without one
 * this service has the media and the number's agent speaks. Limits hold for both.
 */
export function graphRoutes(server: FastifyInstance, options: GraphRoutesOptions): void {
  const { numbers, clients } = options;

  for (const path of proxyPaths('calls')) {
    server.post<NumberRoute>(
      path,
      described({
        id: 'act_on_call',
        tag: 'Calls',
        summary: 'Graph: connect, pre_accept, accept, reject or terminate',
        scope: 'calls',
      }),
      async (request, reply) => {
        const { body } = request;
        const phoneNumberId = graphNumber(request, numbers, request.params.phoneNumberId);
        const given = objectIn(body);
        if (given['action'] !== 'connect') return await act(options, phoneNumberId, given, reply);
        const user = calleeIn(given);
        const data = callbackDataIn(given);
        if ((given['session'] ?? null) !== null) {
          return sendOutcome(reply, await clients.connect(phoneNumberId, user, given));
        }
        return await placeBridgeCall(options, { phoneNumberId, user, bizOpaqueCallbackData: data }, reply);
      },
    );
  }

  for (const path of proxyPaths('call_permissions')) {
    server.get<NumberRoute>(
      path,
      described({
        id: 'get_call_permissions',
        tag: 'Permissions',
        summary: 'Graph: whether a user may be called',
        scope: 'read',
      }),
      async (request, reply) => {
        const { query } = request;
        const phoneNumberId = graphNumber(request, numbers, request.params.phoneNumberId);
        const user = userNamed(query['user_wa_id']) ?? userNamed(query['recipient']);
        if (user === null) {
          throw new ApiError('invalid_parameter', 'user_wa_id must be a phone number, or recipient a BSUID');
        }
        return sendOutcome(reply, await clients.permissions(phoneNumberId, user));
      },
    );
  }

  for (const path of proxyPaths('messages')) {
    server.post<NumberRoute>(
      path,
      described({ id: 'send_message', tag: 'Messages', summary: 'Graph: send a message', scope: 'calls' }),
      async (request, reply) => {
        const phoneNumberId = graphNumber(request, numbers, request.params.phoneNumberId);
        return sendOutcome(reply, await clients.send(phoneNumberId, objectIn(request.body)));
      },
    );
  }
}

/** Any other action: on a call whose media are here it is this service's to end; on any other it passes through. */
async function act(
  { forward, calls, live }: GraphRoutesOptions,
  phoneNumberId: string,
  body: Body,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { action, call_id: callId } = body;
  if (typeof action !== 'string') throw new ApiError('invalid_parameter', 'action must be given');
  if (typeof callId !== 'string') throw new ApiError('invalid_parameter', 'call_id must be given');
  const call = await calls.find(callId);
  if (call?.phone_number_id === phoneNumberId && live.isOurs(call.id)) {
    const ends = action === 'terminate' || action === 'reject';
    if (!ends) throw new ApiError('bridge_has_call');
    live.hangUp(call.id);
    return reply.send(SUCCESS);
  }
  const result = await forward(phoneNumberId, body);
  if (result.type === 'unknown') throw new ApiError('graph_unanswered');
  return reply.code(result.status).send(result.body);
}

function sendOutcome(reply: FastifyReply, outcome: ClientOutcome): FastifyReply {
  if (outcome.type === 'answered') return reply.code(outcome.status).send(outcome.body);
  return sendRefused(reply, outcome);
}

function objectIn(body: unknown): Body {
  if (!isObject(body)) throw new ApiError('invalid_parameter', 'The body must be a JSON object');
  return body;
}

function calleeIn(body: Body): UserRef {
  const user = recipientOf(body);
  if (user === null) throw new ApiError('invalid_parameter', 'to must be a phone number, or recipient a BSUID');
  return user;
}

/** Data that look like ours would have the webhooks of a client's call taken for those of a call of this service. */
function callbackDataIn({ biz_opaque_callback_data: data = null }: Body): string | null {
  if (data === null) return null;
  if (typeof data === 'string' && data.length <= MAX_CALLBACK_DATA && keyInCallbackData(data) === null) return data;
  const rule = `must be a text of at most ${MAX_CALLBACK_DATA} characters that does not begin with talkwire:`;
  throw new ApiError('invalid_parameter', `biz_opaque_callback_data ${rule}`);
}
