import { z } from 'zod';
import { FieldFaults, field, isObject, matching, number, wholeNumber } from '../../agents/index.ts';
import type { CallHours, NumberRules, Weekday } from '../../agents/ports.ts';
import type { AgentUnavailable } from '../../call/index.ts';
import { isCalendarDate } from '../base/calendar-date.ts';
import { PROMPT_SHAPE, promptOf, promptRule } from '../base/prompt-field.ts';
import { timeZone } from '../base/time-zone-field.ts';
import { USER_SHAPE, userNamed } from '../base/user-field.ts';

const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const satisfies Weekday[];
const MAX_SPANS = 100;
const MAX_DATES = 500;
const MAX_CALLERS = 10_000;
/** Meta lets a call ring for less than that. */
const MAX_ANSWER_SECONDS = 45;

const day = field<Weekday>(
  `must be one of ${WEEK.join(', ')}`,
  (given) => WEEK.find((name) => name === String(given).toLowerCase()) ?? null,
  { enum: WEEK },
);

const span = z
  .object(
    {
      day,
      from: matching(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time from 00:00 to 23:59'),
      to: matching(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time from 00:00 to 24:00'),
    },
    { error: 'must be an object with day, from and to' },
  )
  .refine(({ from, to }) => from !== to, { path: ['to'], error: 'must not be the same as from' });

const date = field(
  'must be a date, such as 2026-12-24',
  (given) => (typeof given === 'string' && isCalendarDate(given) ? given : null),
  { type: 'string', format: 'date' },
);

const caller = field(
  'must be a phone number with its country code, or a BSUID',
  (given) => {
    const user = userNamed(given);
    return user?.waId ?? user?.userId ?? null;
  },
  USER_SHAPE,
);

const hours = z.object(
  {
    time_zone: timeZone,
    weekly: list(span, 1, MAX_SPANS, 'spans'),
    closed_on: list(date, 0, MAX_DATES, 'dates').default([]),
  },
  { error: 'must be an object with time_zone and weekly' },
);

const outsideHours = field<AgentUnavailable>(
  `must be reject or {"prompt": "<file>"}, where the file ${promptRule}`,
  (given) => {
    if (given === 'reject') return { action: 'reject' };
    const prompt = promptOf(given);
    return prompt === null ? null : { action: 'prompt', prompt };
  },
  { anyOf: [{ const: 'reject' }, PROMPT_SHAPE] },
);

export const callRulesBody = z.object(
  {
    max_concurrent_calls: wholeNumber(1, 100_000).nullable().default(null),
    hours: hours.nullable().default(null),
    outside_hours: outsideHours.default({ action: 'reject' }),
    allow: list(caller, 0, MAX_CALLERS, 'callers').default([]),
    deny: list(caller, 0, MAX_CALLERS, 'callers').default([]),
    answer_within_seconds: number(1, MAX_ANSWER_SECONDS).nullable().default(null),
  },
  { error: 'must be an object' },
);

function list<T>(item: z.ZodType<T>, min: number, max: number, what: string) {
  const rule = `must be a list of ${min} to ${max} ${what}`;
  return z.array(item, { error: rule }).min(min, rule).max(max, rule);
}

/**
 * The rules that a body of `PUT …/call_rules` describes, in the envelope `call_rules` or bare. It is the whole of them: what
 * it does not name has its default.
 *
 * @throws InvalidFields
 */
export function callRulesIn(body: unknown): NumberRules {
  const faults = new FieldFaults();
  const content = isObject(body) ? (body['call_rules'] ?? body) : body;
  const given = faults.check(callRulesBody, content);
  if (given === null) throw faults.toError();
  const { hours: open, answer_within_seconds: seconds } = given;
  return {
    maxConcurrentCalls: given.max_concurrent_calls,
    hours: open === null ? null : { timeZone: open.time_zone, weekly: open.weekly, closedOn: open.closed_on },
    outsideHours: given.outside_hours,
    allow: given.allow,
    deny: given.deny,
    answerWithinMs: seconds === null ? null : Math.round(seconds * 1000),
  };
}

/** How they are told. */
export const callRulesAnswer = z.object({
  max_concurrent_calls: z.int().nullable(),
  hours: z
    .object({
      time_zone: z.string(),
      weekly: z.array(z.object({ day: z.enum(WEEK), from: z.string(), to: z.string() })),
      closed_on: z.array(z.iso.date()),
    })
    .nullable(),
  outside_hours: z.union([z.literal('reject'), z.object({ prompt: z.string() })]),
  allow: z.array(z.string()),
  deny: z.array(z.string()),
  answer_within_seconds: z.number().nullable(),
});

/** As the API spells them. */
export function toCallRules(rules: NumberRules) {
  const { outsideHours: outside, answerWithinMs } = rules;
  return {
    max_concurrent_calls: rules.maxConcurrentCalls,
    hours: rules.hours === null ? null : toHours(rules.hours),
    outside_hours: outside.action === 'prompt' ? { prompt: outside.prompt } : outside.action,
    allow: rules.allow,
    deny: rules.deny,
    answer_within_seconds: answerWithinMs === null ? null : answerWithinMs / 1000,
  };
}

function toHours({ timeZone: time_zone, weekly, closedOn }: CallHours) {
  return { time_zone, weekly, closed_on: closedOn };
}
