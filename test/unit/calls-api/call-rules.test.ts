import fc from 'fast-check';
import { NO_RULES } from '../../../src/agents/ports.ts';
import { callRulesIn, toCallRules } from '../../../src/calls-api/platform/call-rules.ts';
import { testRules } from './number-rules.ts';

const NONE = {
  max_concurrent_calls: null,
  hours: null,
  outside_hours: 'reject',
  allow: [],
  deny: [],
  answer_within_seconds: null,
};
const SOME = {
  max_concurrent_calls: 4,
  hours: {
    time_zone: 'America/Sao_Paulo',
    weekly: [
      { day: 'mon', from: '09:00', to: '18:00' },
      { day: 'fri', from: '22:00', to: '02:00' },
      { day: 'sat', from: '00:00', to: '24:00' },
    ],
    closed_on: ['2026-12-25', '2028-02-29'],
  },
  outside_hours: { prompt: 'closed.ogg' },
  allow: ['15550100001', 'US.134912345', 'US.ENT.77'],
  deny: [],
  answer_within_seconds: 12.5,
};

testRules({
  name: 'call_rules',
  keptIn: (numbers, phoneNumberId) => numbers.handlingOf(phoneNumberId)?.rules,
  rulesIn: callRulesIn,
  toAnswer: toCallRules,
  defaults: { sent: NONE, kept: NO_RULES },
  others: {
    sent: SOME,
    kept: {
      maxConcurrentCalls: 4,
      hours: {
        timeZone: 'America/Sao_Paulo',
        weekly: SOME.hours.weekly,
        closedOn: ['2026-12-25', '2028-02-29'],
      },
      outsideHours: { action: 'prompt', prompt: 'closed.ogg' },
      allow: SOME.allow,
      deny: [],
      answerWithinMs: 12_500,
    },
  },
  single: { sent: { deny: ['+1 (555) 010-0001'] }, shown: { deny: ['15550100001'] } },
  refused: [
    [
      { hours: { time_zone: 'Europe/Berlinn', weekly: SOME.hours.weekly } },
      'hours.time_zone',
      'must be an IANA time zone',
    ],
    [{ hours: { time_zone: '+02:00', weekly: SOME.hours.weekly } }, 'hours.time_zone', 'must be an IANA time zone'],
    [{ hours: { weekly: SOME.hours.weekly } }, 'hours.time_zone', 'is required'],
    [{ hours: { time_zone: 'UTC', weekly: [] } }, 'hours.weekly', 'must be a list of 1 to 100 spans'],
    [{ hours: { time_zone: 'UTC' } }, 'hours.weekly', 'must be a list'],
    [
      { hours: { time_zone: 'UTC', weekly: [{ day: 'monday', from: '9:00', to: '24:01' }] } },
      'hours.weekly.0.day',
      'must',
    ],
    [
      { hours: { time_zone: 'UTC', weekly: [{ day: 'mon', from: '9:00', to: '10:00' }] } },
      'hours.weekly.0.from',
      'must',
    ],
    [
      { hours: { time_zone: 'UTC', weekly: [{ day: 'mon', from: '24:00', to: '10:00' }] } },
      'hours.weekly.0.from',
      'must',
    ],
    [
      { hours: { time_zone: 'UTC', weekly: [{ day: 'mon', from: '09:00', to: '09:00' }] } },
      'hours.weekly.0.to',
      'not be',
    ],
    [{ hours: { ...SOME.hours, closed_on: ['2026-02-30'] } }, 'hours.closed_on.0', 'must be a date'],
    [{ hours: 'always' }, 'hours', 'must be an object'],
    [{ outside_hours: 'ring' }, 'outside_hours', 'must be reject or'],
    [{ outside_hours: { prompt: 'a/b.ogg' } }, 'outside_hours', 'must be reject or'],
    [{ max_concurrent_calls: 0 }, 'max_concurrent_calls', 'must be a whole number'],
    [{ allow: '15550100001' }, 'allow', 'must be a list'],
    [{ deny: ['ada'] }, 'deny.0', 'must be a phone number'],
    [{ answer_within_seconds: 90 }, 'answer_within_seconds', 'must be a number from 1 to 45'],
    [{ call_rules: [] }, 'base', 'must be an object'],
  ],
  near: fc.record(
    {
      max_concurrent_calls: fc.oneof(fc.integer(), fc.constant(null), fc.string()),
      hours: fc.oneof(
        fc.record(
          {
            time_zone: fc.oneof(fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata'), fc.string()),
            weekly: fc.array(
              fc.record({
                day: fc.constantFrom('mon', 'TUE', 'x'),
                from: fc.constantFrom('09:00', '23:59', '9'),
                to: fc.constantFrom('24:00', '00:00', '09:00'),
              }),
            ),
            closed_on: fc.array(fc.constantFrom('2026-01-01', '2026-13-01')),
          },
          { requiredKeys: [] },
        ),
        fc.anything(),
      ),
      outside_hours: fc.oneof(fc.constant('reject'), fc.record({ prompt: fc.string() }), fc.anything()),
      allow: fc.oneof(fc.array(fc.constantFrom('15550100001', 'US.1', '+1 5')), fc.anything()),
      deny: fc.anything(),
      answer_within_seconds: fc.oneof(fc.double(), fc.constant(null)),
    },
    { requiredKeys: [] },
  ),
});
