import { z } from 'zod';
import type { ApiErrorName } from '../base/error-table.ts';
import { NUMBERED_PAGE_QUERY, pageMetaSchema } from '../base/numbered-page.ts';
import { described, type Operation } from '../base/operation.ts';
import { numberAnswer } from './number-answer.ts';
import { newNumberBody, newTokenBody, numberChangesBody } from './number-body.ts';

const ENVELOPE =
  'The fields may stand in an envelope `whatsapp_phone_number`. Tokens and secrets are taken and never told.';
const REFUSED = "A refusal of Graph that is of nothing in the body is answered as it is, with Graph's status.";
const oneNumber = z.object({ data: numberAnswer });
const told = (description: string) => ({ description, body: oneNumber });
const ofGraph: readonly ApiErrorName[] = ['invalid_fields', 'graph_unanswered'];

export const LIST = operation({
  id: 'list_phone_numbers',
  summary: 'List phone numbers',
  scope: 'read',
  query: z.object(NUMBERED_PAGE_QUERY),
  answers: {
    200: { description: 'A page of numbers', body: z.object({ data: z.array(numberAnswer), meta: pageMetaSchema }) },
  },
  errors: ['invalid_parameter'],
});

export const GET = operation({
  id: 'get_phone_number',
  summary: 'One phone number, with what Meta says of it',
  scope: 'read',
  answers: { 200: told('The number') },
  errors: ['number_not_found'],
});

export const CONNECT = operation({
  id: 'connect_phone_number',
  summary: 'Connect a phone number',
  description:
    `${ENVELOPE} The token is tried at Graph first: nothing is kept of a number that Graph does not show to its holder. ` +
    "With `app_secret`, webhooks that are signed with it are taken for this number, beside those that are signed with the installation's. " +
    REFUSED,
  scope: 'admin',
  body: newNumberBody,
  answers: { 201: told('The number') },
  passesThrough: true,
  errors: ['number_taken', ...ofGraph],
});

export const CHANGE = operation({
  id: 'update_phone_number',
  summary: 'Change a phone number, or switch its calls on and off',
  description:
    `${ENVELOPE} \`calls_enabled\` is written to the number's settings at Meta and read back: the answer says what Meta made of it. ` +
    `Where that is refused, nothing else of the body is changed. ${REFUSED}`,
  scope: 'admin',
  body: numberChangesBody,
  answers: { 200: told('The number, with what Meta said last') },
  passesThrough: true,
  errors: ['number_not_found', ...ofGraph],
});

export const CHANGE_OLDER = operation({
  id: 'update_whatsapp_config',
  summary: 'The same under its older path',
  description: 'The id is that of the phone number; the envelope is `whatsapp_config`.',
  scope: 'admin',
  body: numberChangesBody,
  answers: { 200: told('The number, with what Meta said last') },
  passesThrough: true,
  errors: ['number_not_found', ...ofGraph],
});

export const ROTATE = operation({
  id: 'rotate_phone_number_token',
  summary: 'Replace the token of a phone number',
  description: `${ENVELOPE} The new token is tried at Graph first; the old one works until then. ${REFUSED}`,
  scope: 'admin',
  body: newTokenBody,
  answers: { 200: told('The number') },
  passesThrough: true,
  errors: ['number_not_found', ...ofGraph],
});

export const REMOVE = operation({
  id: 'delete_phone_number',
  summary: 'Disconnect a phone number',
  description:
    'Not while calls of it are live. Its assignments, its webhooks and what is known of it go with it; dials that wait are cancelled; ' +
    'its calls stay in the log. The number that the environment names comes back at the next start.',
  scope: 'admin',
  answers: { 204: { description: 'It is gone', body: null } },
  errors: ['number_not_found', 'number_in_use'],
});

function operation(more: Omit<Operation, 'tag'>) {
  return described({ tag: 'Phone numbers', ...more });
}
