import { z } from 'zod';
import type { Operation } from '../base/operation.ts';

const onOff = z.enum(['ENABLED', 'DISABLED']);

/** As Meta documents it (meta-calling.md §2.3). It may say more, and nothing of it is looked at here. */
const calling = z.looseObject({
  status: onOff.optional(),
  call_icon_visibility: z
    .string()
    .optional()
    .meta({ examples: ['DEFAULT', 'DISABLE_ALL'] }),
  call_icons: z.looseObject({ restrict_to_user_countries: z.array(z.string()).optional() }).optional(),
  callback_permission_status: onOff.optional(),
  call_hours: z.looseObject({}).optional().meta({ description: 'Replaced as a whole' }),
  sip: z.looseObject({}).optional(),
  srtp_key_exchange_protocol: z
    .string()
    .optional()
    .meta({ examples: ['DTLS', 'SDES'] }),
  audio: z.looseObject({ additional_codecs: z.array(z.string()).optional() }).optional(),
  voicemail: z.looseObject({}).optional(),
});

const settings = z.looseObject({ calling: calling.optional() });

const COMMON = {
  tag: 'Graph',
  passesThrough: true,
  errors: ['unknown_number', 'invalid_parameter', 'graph_unreachable', 'graph_unanswered'],
} as const satisfies Partial<Operation>;

export const GET_SETTINGS: Operation = {
  ...COMMON,
  id: 'get_number_settings',
  summary: 'Graph: settings of a number',
  description: 'Passed on as it is. What the answer says of calling is kept with the number, but passwords.',
  scope: 'read',
  errors: [...COMMON.errors, 'forbidden'],
  query: z.looseObject({
    fields: z.string().optional().meta({ description: 'Such as `calling`' }),
    include_sip_credentials: z.string().optional().meta({ description: '`true`: with passwords. Wants scope `admin`' }),
  }),
  answers: { 200: { description: "Graph's answer", body: settings } },
};

export const UPDATE_SETTINGS: Operation = {
  ...COMMON,
  id: 'update_number_settings',
  summary: 'Graph: change settings of a number',
  description: 'Passed on byte for byte. What it says of calling is kept with the number once Graph has taken it.',
  scope: 'admin',
  body: settings,
  answers: { 200: { description: "Graph's answer", body: z.looseObject({ success: z.boolean().optional() }) } },
};
