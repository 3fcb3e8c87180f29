import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DIRECTIONS } from '../base/call-filter.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { KAPSO_FIELDS_QUERY, kapsoFieldsIn } from '../base/kapso-fields.ts';
import { CURSOR_PAGE_QUERY, idOf, oneOf, pageOf, type Query, timeOf } from '../base/list-query.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described } from '../base/operation.ts';
import { pageAnswer, pageSchema } from '../base/paging.ts';
import type { KnownNumbers, MessageHistory, MessageQuery } from '../ports.ts';
import { MESSAGE_STATUSES, messageAnswer, toMessageAnswer } from './message-answer.ts';
import { proxyPaths } from './proxy-paths.ts';

export interface MessageRoutesOptions {
  readonly messages: MessageHistory;
  readonly numbers: KnownNumbers;
  /** Where clients reach us, without a trailing slash; null means as the request says. */
  readonly publicUrl: string | null;
}

interface ListRoute {
  Params: { phoneNumberId: string };
  Querystring: Query;
}

interface MessageRoute {
  Params: { phoneNumberId: string; messageId: string };
  Querystring: Query;
}

/** What was written, of numbers that keep messages. Of others there is nothing, and no error either. */
export function messageRoutes(server: FastifyInstance, { messages, numbers, publicUrl }: MessageRoutesOptions): void {
  for (const path of proxyPaths('messages')) {
    server.get<ListRoute>(path, LIST, async (request) => {
      const { query, params } = request;
      const phoneNumberId = graphNumber(request, numbers, params.phoneNumberId);
      const { projectId } = callerOf(request);
      const page = await messages.list({ ...filtersIn(query), phoneNumberId, projectId });
      const fields = kapsoFieldsIn(query);
      const data = page.data.map((message) => toMessageAnswer(message, fields));
      return pageAnswer({ ...page, data }, request, publicUrl);
    });
  }

  for (const path of proxyPaths('messages/:messageId')) {
    server.get<MessageRoute>(path, GET, async (request) => {
      const phoneNumberId = graphNumber(request, numbers, request.params.phoneNumberId);
      const { projectId } = callerOf(request);
      const message = await messages.find({ phoneNumberId, projectId }, request.params.messageId);
      if (message === null) throw new ApiError('message_not_found');
      // Graph's shape, and Kapso's: the message itself, without an envelope.
      return toMessageAnswer(message, kapsoFieldsIn(request.query));
    });
  }
}

function filtersIn(query: Query): Omit<MessageQuery, 'phoneNumberId' | 'projectId'> {
  return {
    ...pageOf(query),
    conversationId: idOf(query, 'conversation_id'),
    direction: oneOf(query, 'direction', DIRECTIONS),
    status: oneOf(query, 'status', MESSAGE_STATUSES),
    since: timeOf(query, 'since', 'start'),
    until: timeOf(query, 'until', 'end'),
  };
}

const time = z.string().optional();

const LIST = described({
  id: 'list_messages',
  tag: 'Messages',
  summary: 'List the messages that a number keeps, newest first',
  description:
    'A number keeps none unless it is told to (`store_messages`), and then only those from then on. Without any the list is empty.',
  scope: 'read',
  query: z.object({
    conversation_id: z.string().optional(),
    direction: z.enum(DIRECTIONS).optional().meta({ description: 'In any letter case' }),
    status: z.enum(MESSAGE_STATUSES).optional().meta({ description: 'In any letter case' }),
    since: time.meta({ description: 'Messages of then or later. ISO 8601; without a zone it is UTC' }),
    until: time.meta({ description: 'Messages of then or earlier. A date alone is its last moment' }),
    ...CURSOR_PAGE_QUERY,
    ...KAPSO_FIELDS_QUERY,
  }),
  answers: { 200: { description: 'A page of messages', body: pageSchema(messageAnswer) } },
  errors: ['unknown_number', 'invalid_parameter'],
});

const GET = described({
  id: 'get_message',
  tag: 'Messages',
  summary: 'One message that a number keeps',
  scope: 'read',
  query: z.object(KAPSO_FIELDS_QUERY),
  answers: { 200: { description: 'The message', body: messageAnswer } },
  errors: ['unknown_number', 'message_not_found'],
});
