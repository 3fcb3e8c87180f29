import { z } from 'zod';
import { FieldFaults, isObject, matching, number, text, wholeNumber } from '../../agents/index.ts';
import { DEFAULT_DIAL_RULES, type DialRules } from '../../permissions/index.ts';
import { requestTemplate } from './dial-body.ts';

const time = matching(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time from 00:00 to 23:59');

const quietHours = z
  .object({ from: time, to: time }, { error: 'must be an object with from and to' })
  .refine(({ from, to }) => from !== to, { path: ['to'], error: 'must not be the same as from' });

const DEFAULTS = toDialRules(DEFAULT_DIAL_RULES);

export const dialRulesBody = z.object(
  {
    profile: z.enum(['production', 'sandbox'], { error: 'must be production or sandbox' }).default(DEFAULTS.profile),
    stop_after_unanswered: wholeNumber(1, 10).nullable().default(DEFAULTS.stop_after_unanswered),
    warn_after_unanswered: wholeNumber(1, 10).default(DEFAULTS.warn_after_unanswered),
    ring_timeout_seconds: wholeNumber(15, 90).default(DEFAULTS.ring_timeout_seconds),
    answered_by: z
      .enum(['accepted', 'accepted_or_media'], { error: 'must be accepted or accepted_or_media' })
      .default(DEFAULTS.answered_by),
    permission_deadline_hours: number(1 / 60, 720).default(DEFAULTS.permission_deadline_hours),
    quiet_hours: quietHours.nullable().default(null),
    request_text: text(1_024).nullable().default(null),
    request_template: requestTemplate.nullable().default(null),
    messaging_tier: wholeNumber(1, 10_000_000).nullable().default(null),
  },
  { error: 'must be an object' },
);

/**
 * The rules that a body of `PUT …/dial_rules` describes, in the envelope `dial_rules` or bare. It is the whole of them: what
 * it does not name has its default.
 *
 * @throws InvalidFields
 */
export function dialRulesIn(body: unknown): DialRules {
  const faults = new FieldFaults();
  const given = faults.check(dialRulesBody, isObject(body) ? (body['dial_rules'] ?? body) : body);
  if (given === null) throw faults.toError();
  return {
    profile: given.profile,
    stopAfterUnanswered: given.stop_after_unanswered,
    warnAfterUnanswered: given.warn_after_unanswered,
    ringTimeoutMs: given.ring_timeout_seconds * 1_000,
    answeredBy: given.answered_by,
    permissionDeadlineMs: Math.round(given.permission_deadline_hours * 3_600_000),
    quietHours: given.quiet_hours,
    requestText: given.request_text,
    requestTemplate: given.request_template,
    messagingTier: given.messaging_tier,
  };
}

const answeredTemplate = z.object({ name: z.string(), language: z.string(), components: z.array(z.unknown()) });

/** How they are told. */
export const dialRulesAnswer = z.object({
  profile: z.enum(['production', 'sandbox']),
  stop_after_unanswered: z.int().nullable(),
  warn_after_unanswered: z.int(),
  ring_timeout_seconds: z.number(),
  answered_by: z.enum(['accepted', 'accepted_or_media']),
  permission_deadline_hours: z.number(),
  quiet_hours: z.object({ from: z.string(), to: z.string() }).nullable(),
  request_text: z.string().nullable(),
  request_template: answeredTemplate.nullable(),
  messaging_tier: z.int().nullable(),
});

/** As the API spells them. */
export function toDialRules(rules: DialRules) {
  return {
    profile: rules.profile,
    stop_after_unanswered: rules.stopAfterUnanswered,
    warn_after_unanswered: rules.warnAfterUnanswered,
    ring_timeout_seconds: rules.ringTimeoutMs / 1_000,
    answered_by: rules.answeredBy,
    permission_deadline_hours: rules.permissionDeadlineMs / 3_600_000,
    quiet_hours: rules.quietHours,
    request_text: rules.requestText,
    request_template: rules.requestTemplate,
    messaging_tier: rules.messagingTier,
  };
}
