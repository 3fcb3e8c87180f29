import { z } from 'zod';
import { FieldFaults, field, isObject, matching, text, textDictionary, wholeNumber } from '../../agents/index.ts';
import type { DialRequest, RequestTemplate, UserRef } from '../../permissions/index.ts';
import { moment } from '../base/moment-field.ts';
import { timeZone } from '../base/time-zone-field.ts';
import { USER_SHAPE, userNamed } from '../base/user-field.ts';

const MAX_CALLBACK_DATA = 512;
const MAX_COMPONENTS = 20;

/** A template as it is sent to ask for permission. */
export const requestTemplate: z.ZodType<RequestTemplate> = z.object(
  {
    name: matching(/^[a-z0-9_]{1,512}$/, 'must be the name of a template: small letters, digits and _'),
    language: matching(/^[a-z]{2,3}(_[A-Za-z]{2,4})?$/, 'must be a language such as en or en_US'),
    components: field<readonly unknown[]>(
      `must be a list of at most ${MAX_COMPONENTS} components`,
      (given) => (Array.isArray(given) && given.length <= MAX_COMPONENTS && given.every(isObject) ? given : null),
      { type: 'array', maxItems: MAX_COMPONENTS, items: { type: 'object' } },
    ).default([]),
  },
  { error: 'must be an object with name and language' },
);

const byTemplate = z.object({ template: requestTemplate });

const { $schema: _dialect, ...BY_TEMPLATE_SHAPE } = z.toJSONSchema(byTemplate, { io: 'input', unrepresentable: 'any' });
const PERMISSION_SHAPE = { anyOf: [{ enum: ['require', 'ask'] }, BY_TEMPLATE_SHAPE] };

/** A template of its own says which of its fields is wrong; a union would say only that nothing fits. */
const permission = z
  .unknown()
  .transform((given, context): DialRequest['permission'] => {
    if (given === 'require' || given === 'ask') return { mode: given, template: null };
    const parsed = byTemplate.safeParse(given);
    if (parsed.success) return { mode: 'ask', template: parsed.data.template };
    const rule = 'must be require, ask or {"template": {"name", "language", "components"}}';
    const issues = isObject(given) ? parsed.error.issues : [{ path: [], message: rule }];
    for (const { path, message } of issues) context.addIssue({ code: 'custom', path: [...path], message });
    return z.NEVER;
  })
  .meta({ description: 'Whether the user must have agreed, or is asked before the call', ...PERMISSION_SHAPE });

const schedule = z
  .object({ at: moment, until: moment.nullable().default(null) }, { error: 'must be an object with at' })
  .refine(({ at, until }) => until === null || until > at, { path: ['until'], error: 'must be later than at' });

const user = field('must be a phone number with its country code, or a BSUID', userNamed, USER_SHAPE);

export const dialBody = z.object(
  {
    phone_number_id: text(64),
    to: user.nullable().default(null),
    recipient: user.nullable().default(null),
    voice_agent_id: text(64).nullable().default(null),
    permission: permission.default({ mode: 'require', template: null }),
    ring_timeout_seconds: wholeNumber(15, 90).nullable().default(null),
    permission_deadline_seconds: wholeNumber(60, 30 * 86_400)
      .nullable()
      .default(null),
    context: textDictionary({ entries: 50, nameLength: 64, valueLength: 2_000 }).default({}),
    biz_opaque_callback_data: text(MAX_CALLBACK_DATA).nullable().default(null),
    schedule: schedule.nullable().default(null),
    user_time_zone: timeZone.nullable().default(null),
  },
  { error: 'must be an object' },
);

/**
 * The dial that a body of `POST /platform/v1/whatsapp/calls` describes, in the envelope `call` or bare.
 *
 * @param at Unix milliseconds
 * @throws InvalidFields
 */
export function dialIn(body: unknown, at: number): Omit<DialRequest, 'id'> {
  const faults = new FieldFaults();
  const given = faults.check(dialBody, isObject(body) ? (body['call'] ?? body) : body);
  if (given === null) throw faults.toError();
  const whom = userOf(given.to, given.recipient);
  const { schedule: planned, permission_deadline_seconds: patience } = given;
  if (whom === null) faults.add('to', 'is required, or recipient with the BSUID of the user');
  // What is over would be called at once.
  if (planned !== null && (planned.until ?? at + 1) <= at) faults.add('schedule.until', 'must be in the future');
  if (whom === null || faults.any) throw faults.toError();
  return {
    phoneNumberId: given.phone_number_id,
    user: whom,
    voiceAgentId: given.voice_agent_id,
    permission: given.permission,
    ringTimeoutMs: given.ring_timeout_seconds === null ? null : given.ring_timeout_seconds * 1_000,
    context: given.context,
    bizOpaqueCallbackData: given.biz_opaque_callback_data,
    userTimeZone: given.user_time_zone,
    notBefore: planned?.at ?? null,
    notAfter: planned?.until ?? (patience === null ? null : Math.max(at, planned?.at ?? 0) + patience * 1_000),
  };
}

/** Each of the two fields may hold either; a phone number wins (meta-calling.md §2.1). */
function userOf(to: UserRef | null, recipient: UserRef | null): UserRef | null {
  if (to === null || recipient === null) return to ?? recipient;
  return { waId: to.waId ?? recipient.waId, userId: to.userId ?? recipient.userId };
}
