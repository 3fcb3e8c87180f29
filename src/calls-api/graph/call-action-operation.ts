import { z } from 'zod';
import type { Operation } from '../base/operation.ts';
import { DIAL_ERRORS } from '../base/refusals.ts';

const session = z
  .looseObject({
    sdp_type: z.enum(['offer', 'answer']).meta({ description: '`offer` of a connect, `answer` of the others' }),
    sdp: z.string().meta({ description: 'RFC 8866, with CRLF' }),
  })
  .nullable();

/** Meta's recording and transcription, which pass through (meta-calling.md §2.6). */
const capture = z.looseObject({
  status: z.string(),
  purpose: z.string().optional(),
  announcement_language: z.string().optional(),
});

const body = z.looseObject({
  messaging_product: z.literal('whatsapp').optional(),
  action: z.enum(['connect', 'pre_accept', 'accept', 'reject', 'terminate']),
  to: z
    .union([z.string(), z.int()])
    .optional()
    .meta({ description: 'Of a connect: the phone number; wins over `recipient`' }),
  recipient: z.string().optional().meta({ description: 'Of a connect: the BSUID' }),
  call_id: z.string().optional().meta({ description: "Of the others: Meta's id of the call" }),
  session: session.optional(),
  biz_opaque_callback_data: z.string().max(512).nullable().optional().meta({
    description: 'Comes back in webhooks. Must not begin with `talkwire:`',
  }),
  recording: capture.optional(),
  transcription: capture.optional(),
});

const answer = z.looseObject({
  messaging_product: z.literal('whatsapp').optional(),
  calls: z
    .array(z.looseObject({ id: z.string() }))
    .optional()
    .meta({ description: 'Of a connect' }),
  success: z.boolean().optional().meta({ description: 'Of the others' }),
});

export const ACT_ON_CALL: Operation = {
  id: 'act_on_call',
  tag: 'Calls',
  summary: 'Graph: connect, pre_accept, accept, reject or terminate',
  description: `A \`connect\` with a \`session\` is the client's own call: it passes through byte for byte, after permission and limits were
looked at. A \`connect\` without one is placed by this service, and the number's voice agent speaks. Any other action passes
through, but on a call whose media this service has: that can be ended here, and nothing else.`,
  scope: 'calls',
  body,
  answers: { 200: { description: 'It was done', body: answer } },
  passesThrough: true,
  errors: [
    'unknown_number',
    'invalid_parameter',
    'bridge_has_call',
    'connect_refused',
    'not_now',
    'graph_unanswered',
    ...DIAL_ERRORS,
  ],
};
