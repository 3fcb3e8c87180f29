import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { bodyIn } from '../base/body-in.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { CURSOR_PAGE_QUERY, idOf, pageOf, type Query } from '../base/list-query.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described } from '../base/operation.ts';
import { pageAnswer, pageSchema } from '../base/paging.ts';
import { userNamed } from '../base/user-field.ts';
import { userIn } from '../base/user-filter.ts';
import type { Contact, ContactBook, KnownNumbers, OfNumber } from '../ports.ts';
import { contactAnswer, toContactAnswer } from './contact-answer.ts';
import { contactBody, toContactChanges } from './contact-body.ts';
import { proxyPaths } from './proxy-paths.ts';

export interface ContactRoutesOptions {
  readonly contacts: ContactBook;
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

interface ContactRoute {
  Params: { phoneNumberId: string; waId: string };
}

/** The users with whom a number has to do, in the shape of Kapso's proxy (kapso-api.md §2). */
export function contactRoutes(server: FastifyInstance, options: ContactRoutesOptions): void {
  const { contacts, numbers, publicUrl, now } = options;
  const numberOf = (request: FastifyRequest<{ Params: { phoneNumberId: string } }>): OfNumber => ({
    phoneNumberId: graphNumber(request, numbers, request.params.phoneNumberId),
    projectId: callerOf(request).projectId,
  });

  for (const path of proxyPaths('contacts')) {
    server.get<ListRoute>(path, LIST, async (request) => {
      const { query } = request;
      const number = numberOf(request);
      const page = pageOf(query);
      const user = userIn(query, ['wa_id', 'business_scoped_user_id', 'user_id']);
      if (asksForCustomers(query)) return pageAnswer({ data: [], before: null, after: null }, request, publicUrl);
      const found = await contacts.list({ ...page, ...number, user });
      return pageAnswer({ ...found, data: found.data.map(toContactAnswer) }, request, publicUrl);
    });
  }

  for (const path of proxyPaths('contacts/:waId')) {
    server.get<ContactRoute>(path, GET, async (request) => {
      const number = numberOf(request);
      const user = userNamed(request.params.waId);
      return answerOf(user === null ? null : await contacts.find(number, user));
    });

    server.patch<ContactRoute>(path, PATCH, async (request) => {
      const number = numberOf(request);
      const changes = toContactChanges(bodyIn(contactBody, request.body, 'whatsapp_contact'));
      const user = userNamed(request.params.waId);
      const changed = user === null ? null : await contacts.change(number, user, changes, now());
      return { success: true, ...answerOf(changed) };
    });
  }
}

function answerOf(contact: Contact | null) {
  if (contact === null) throw new ApiError('contact_not_found');
  return { data: toContactAnswer(contact) };
}

/** Contacts of a customer, or that have one: this service has none, and so there are none of them. */
function asksForCustomers(query: Query): boolean {
  return idOf(query, 'customer_id') !== null || idOf(query, 'has_customer')?.toLowerCase() === 'true';
}

const LIST = described({
  id: 'list_contacts',
  tag: 'Contacts',
  summary: 'List the contacts of a number, newest first',
  description: 'Everybody who called or wrote to the number, or was called or written to by it.',
  scope: 'read',
  query: z.object({
    wa_id: z.string().optional().meta({ description: 'A phone number in any spelling, or a BSUID' }),
    business_scoped_user_id: z.string().optional().meta({ description: 'A BSUID; `user_id` is the same' }),
    ...CURSOR_PAGE_QUERY,
    has_customer: z.string().optional().meta({ description: '`true` finds none: this service has no customers' }),
    customer_id: z.string().optional().meta({ description: 'Finds none' }),
  }),
  answers: { 200: { description: 'A page of contacts', body: pageSchema(contactAnswer) } },
  errors: ['unknown_number', 'invalid_parameter'],
});

const contactData = z.strictObject({ data: contactAnswer });

const GET = described({
  id: 'get_contact',
  tag: 'Contacts',
  summary: 'One contact, by phone number or BSUID',
  scope: 'read',
  answers: { 200: { description: 'The contact', body: contactData } },
  errors: ['unknown_number', 'contact_not_found'],
});

const PATCH = described({
  id: 'update_contact',
  tag: 'Contacts',
  summary: 'Name a contact, and keep data of yours with it',
  description: 'Null clears a field, and one that is absent stays. `metadata` is replaced as a whole.',
  scope: 'calls',
  body: contactBody,
  answers: { 200: { description: 'The contact', body: contactData.extend({ success: z.literal(true) }) } },
  errors: ['unknown_number', 'contact_not_found', 'invalid_fields'],
});
