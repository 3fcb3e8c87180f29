import fc from 'fast-check';
import { dialRulesIn, toDialRules } from '../../../src/calls-api/platform/dial-rules.ts';
import { DEFAULT_DIAL_RULES } from '../../../src/permissions/index.ts';
import { testRules } from './number-rules.ts';

const DEFAULTS = {
  profile: 'production',
  stop_after_unanswered: 3,
  warn_after_unanswered: 2,
  ring_timeout_seconds: 45,
  answered_by: 'accepted',
  permission_deadline_hours: 72,
  quiet_hours: null,
  request_text: null,
  request_template: null,
  messaging_tier: null,
};
const SOME = {
  profile: 'sandbox',
  stop_after_unanswered: null,
  warn_after_unanswered: 1,
  ring_timeout_seconds: 20,
  answered_by: 'accepted_or_media',
  permission_deadline_hours: 1.5,
  quiet_hours: { from: '20:00', to: '08:30' },
  request_text: 'May we call you?',
  request_template: { name: 'may_we_call', language: 'pt_BR', components: [{ type: 'body' }] },
  messaging_tier: 2_000,
};
const template = SOME.request_template;

testRules({
  name: 'dial_rules',
  keptIn: (numbers, phoneNumberId) => numbers.dialRules(phoneNumberId),
  rulesIn: dialRulesIn,
  toAnswer: toDialRules,
  defaults: { sent: DEFAULTS, kept: DEFAULT_DIAL_RULES },
  others: {
    sent: SOME,
    kept: {
      profile: 'sandbox',
      stopAfterUnanswered: null,
      warnAfterUnanswered: 1,
      ringTimeoutMs: 20_000,
      answeredBy: 'accepted_or_media',
      permissionDeadlineMs: 5_400_000,
      quietHours: SOME.quiet_hours,
      requestText: SOME.request_text,
      requestTemplate: template,
      messagingTier: 2_000,
    },
  },
  single: { sent: { profile: 'sandbox' }, shown: { profile: 'sandbox' } },
  refused: [
    [{ profile: 'test' }, 'profile', 'must be production or sandbox'],
    [{ stop_after_unanswered: 0 }, 'stop_after_unanswered', 'must be a whole number from 1 to 10'],
    [{ warn_after_unanswered: null }, 'warn_after_unanswered', 'must be a whole number'],
    [{ ring_timeout_seconds: 91 }, 'ring_timeout_seconds', 'must be a whole number from 15 to 90'],
    [{ answered_by: 'media' }, 'answered_by', 'must be accepted or accepted_or_media'],
    [{ permission_deadline_hours: 721 }, 'permission_deadline_hours', 'must be a number'],
    [{ quiet_hours: { from: '20:00' } }, 'quiet_hours.to', 'is required'],
    [{ quiet_hours: { from: '20:00', to: '24:00' } }, 'quiet_hours.to', 'must be a time from 00:00 to 23:59'],
    [{ quiet_hours: { from: '08:00', to: '08:00' } }, 'quiet_hours.to', 'must not be the same as from'],
    [{ quiet_hours: 'night' }, 'quiet_hours', 'must be an object with from and to'],
    [{ request_text: '' }, 'request_text', 'must be a text of 1 to 1024 characters'],
    [{ request_template: 'may_we_call' }, 'request_template', 'must be an object with name and language'],
    [{ request_template: { ...template, name: 'May we' } }, 'request_template.name', 'must be the name of a template'],
    [{ request_template: { ...template, language: 'english' } }, 'request_template.language', 'must be a language'],
    [{ messaging_tier: 0 }, 'messaging_tier', 'must be a whole number'],
    [{ dial_rules: [] }, 'base', 'must be an object'],
  ],
  near: fc.record(
    {
      profile: fc.constantFrom('production', 'sandbox', 'x'),
      stop_after_unanswered: fc.oneof(fc.integer({ min: 0, max: 11 }), fc.constant(null)),
      warn_after_unanswered: fc.integer({ min: 0, max: 11 }),
      ring_timeout_seconds: fc.integer({ min: 14, max: 91 }),
      answered_by: fc.constantFrom('accepted', 'accepted_or_media', 'x'),
      permission_deadline_hours: fc.oneof(fc.double({ min: 0, max: 721 }), fc.anything()),
      quiet_hours: fc.oneof(
        fc.record({ from: fc.constantFrom('20:00', 'x'), to: fc.constant('08:00') }),
        fc.anything(),
      ),
      request_text: fc.oneof(fc.string(), fc.anything()),
      request_template: fc.oneof(fc.constant(template), fc.anything()),
      messaging_tier: fc.oneof(fc.integer(), fc.constant(null)),
    },
    { requiredKeys: [] },
  ),
});
