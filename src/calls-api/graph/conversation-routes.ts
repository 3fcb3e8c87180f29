import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { field } from '../../agents/index.ts';
import { bodyIn } from '../base/body-in.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { KAPSO_FIELDS_QUERY, kapsoFieldsIn } from '../base/kapso-fields.ts';
import { CURSOR_PAGE_QUERY, oneOf, pageOf, type Query, timeOf } from '../base/list-query.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described } from '../base/operation.ts';
import { pageAnswer, pageSchema } from '../base/paging.ts';
import { userIn } from '../base/user-filter.ts';
import type { ConversationBook, KnownNumbers } from '../ports.ts';
import {
  asksForMessages,
  CONVERSATION_STATUSES,
  conversationAnswer,
  toConversationAnswer,
} from './conversation-answer.ts';
import { proxyPaths, proxyWays } from './proxy-paths.ts';

export interface ConversationRoutesOptions {
  readonly conversations: ConversationBook;
  readonly numbers: KnownNumbers;
  /** Where clients reach us, without a trailing slash; null means as the request says. */
  readonly publicUrl: string | null;
  /** Unix milliseconds. */
  readonly now: () => number;
}

interface ListRoute {
  Params: { phoneNumberId: string };
  Querystring: Query;
}

interface ConversationRoute {
  Params: { id: string };
  Querystring: Query;
}

/** What was said and called with each user, in the shape of Kapso's proxy. One conversation has no number in its path. */
export function conversationRoutes(server: FastifyInstance, options: ConversationRoutesOptions): void {
  const { conversations, numbers, publicUrl, now } = options;

  for (const path of proxyPaths('conversations')) {
    server.get<ListRoute>(path, LIST, async (request) => {
      const { query, params } = request;
      const phoneNumberId = graphNumber(request, numbers, params.phoneNumberId);
      const fields = kapsoFieldsIn(query);
      const page = await conversations.list({
        ...pageOf(query),
        phoneNumberId,
        projectId: callerOf(request).projectId,
        status: oneOf(query, 'status', CONVERSATION_STATUSES),
        user: userIn(query, ['phone_number', 'business_scoped_user_id']),
        lastActiveSince: timeOf(query, 'last_active_since', 'start'),
        lastActiveUntil: timeOf(query, 'last_active_until', 'end'),
        withMessages: asksForMessages(fields),
      });
      const data = page.data.map((conversation) => toConversationAnswer(conversation, fields));
      return pageAnswer({ ...page, data }, request, publicUrl);
    });
  }

  for (const path of proxyWays('/conversations/:id')) {
    server.get<ConversationRoute>(path, GET, async (request) => {
      const found = await conversations.find(callerOf(request).projectId, request.params.id);
      if (found === null) throw new ApiError('conversation_not_found');
      return { data: toConversationAnswer(found, kapsoFieldsIn(request.query)) };
    });

    server.patch<ConversationRoute>(path, PATCH, async (request) => {
      const { projectId } = callerOf(request);
      const { status } = bodyIn(conversationBody, request.body, 'whatsapp_conversation');
      const changed = await conversations.setStatus(projectId, request.params.id, status, now());
      if (changed === null) throw new ApiError('conversation_not_found');
      if (changed === 'taken') throw new ApiError('conversation_active');
      return { success: true, data: toConversationAnswer(changed, kapsoFieldsIn(request.query)) };
    });
  }
}

const conversationBody = z.object(
  {
    status: field(`must be ${CONVERSATION_STATUSES.join(' or ')}`, (given) =>
      typeof given === 'string' ? (CONVERSATION_STATUSES.find((each) => each === given.toLowerCase()) ?? null) : null,
    ).meta({ description: '`ended`, or `active` to go on with one that was ended. In any letter case' }),
  },
  { error: 'must be an object' },
);

const conversationData = z.strictObject({ data: conversationAnswer });
const time = z.string().optional();

const LIST = described({
  id: 'list_conversations',
  tag: 'Contacts',
  summary: 'List the conversations of a number, newest first',
  description:
    'A user has one active conversation with a number at a time. The first call or message begins it, and the first after its end another.',
  scope: 'read',
  query: z.object({
    status: z.enum(CONVERSATION_STATUSES).optional().meta({ description: 'In any letter case' }),
    phone_number: z.string().optional().meta({ description: "The user's, in any spelling, or a BSUID" }),
    business_scoped_user_id: z.string().optional().meta({ description: "The user's BSUID" }),
    last_active_since: time.meta({ description: 'Those with a call or message then or later. ISO 8601' }),
    last_active_until: time.meta({ description: 'Those whose last call or message was then or earlier' }),
    ...CURSOR_PAGE_QUERY,
    ...KAPSO_FIELDS_QUERY,
  }),
  answers: { 200: { description: 'A page of conversations', body: pageSchema(conversationAnswer) } },
  errors: ['unknown_number', 'invalid_parameter'],
});

const GET = described({
  id: 'get_conversation',
  tag: 'Contacts',
  summary: 'One conversation',
  scope: 'read',
  query: z.object(KAPSO_FIELDS_QUERY),
  answers: { 200: { description: 'The conversation', body: conversationData } },
  errors: ['conversation_not_found'],
});

const PATCH = described({
  id: 'update_conversation',
  tag: 'Contacts',
  summary: 'End a conversation, or go on with it',
  scope: 'calls',
  body: conversationBody,
  answers: { 200: { description: 'The conversation', body: conversationData.extend({ success: z.literal(true) }) } },
  errors: ['conversation_not_found', 'conversation_active', 'invalid_fields'],
});
