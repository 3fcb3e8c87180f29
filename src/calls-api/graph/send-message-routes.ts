import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ClientDesk, ClientOutcome } from '../../permissions/index.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described, type Operation } from '../base/operation.ts';
import { DENIAL_ERRORS } from '../base/refusals.ts';
import type { KnownNumbers, SentMessages } from '../ports.ts';
import type { ApiLogger } from '../server.ts';
import { clientBodyIn } from './client-body.ts';
import { type NumberRoute, sendOutcome } from './graph-route.ts';
import { proxyPaths } from './proxy-paths.ts';

export interface SendMessageOptions {
  readonly numbers: KnownNumbers;
  readonly clients: Pick<ClientDesk, 'send'>;
  /** Null: nobody keeps what is sent. */
  readonly sentMessages: SentMessages | null;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly logger: ApiLogger;
}

/** Messages, as a client wrote them. Those that ask for permission to call are counted (meta-calling.md §2.4). */
export function sendMessageRoutes(server: FastifyInstance, options: SendMessageOptions): void {
  const { numbers, clients } = options;
  for (const path of proxyPaths('messages')) {
    server.post<NumberRoute>(path, described(OPERATION), async (request, reply) => {
      const phoneNumberId = graphNumber(request, numbers, request.params.phoneNumberId);
      const body = clientBodyIn(request);
      const outcome = await clients.send(phoneNumberId, body);
      await keep(options, phoneNumberId, body.value, outcome);
      return sendOutcome(reply, outcome);
    });
  }
}

/** Graph has the message, whatever becomes of our copy of it. */
async function keep(
  { sentMessages, now, logger }: SendMessageOptions,
  phoneNumberId: string,
  sent: unknown,
  outcome: ClientOutcome,
): Promise<void> {
  if (sentMessages === null || outcome.type !== 'answered') return;
  try {
    await sentMessages.onSent(phoneNumberId, sent, outcome.body, now());
  } catch (err) {
    logger.error({ err, during: 'keeping a sent message' }, 'a part failed');
  }
}

const OPERATION: Operation = {
  id: 'send_message',
  tag: 'Messages',
  summary: 'Graph: send a message',
  description: `Any message, passed on byte for byte. A request for permission to call (\`interactive\` of type \`call_permission_request\`, or the
number's own request template) is held against Meta's limits first, and counted.`,
  scope: 'calls',
  body: z.looseObject({
    messaging_product: z.string().optional().meta({ description: 'whatsapp' }),
    to: z.union([z.string(), z.int()]).optional(),
    recipient: z.string().optional().meta({ description: 'BSUID' }),
    type: z.string().optional(),
  }),
  answers: {
    200: {
      description: "Graph's answer",
      body: z.looseObject({ messages: z.array(z.looseObject({ id: z.string() })).optional() }),
    },
  },
  passesThrough: true,
  errors: ['unknown_number', 'number_not_found', 'invalid_parameter', 'graph_unanswered', ...DENIAL_ERRORS],
};
