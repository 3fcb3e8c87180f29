import { z } from 'zod';
import { field, flag, isObject } from '../../agents/index.ts';
import { EVENT_TYPES, type EventType, headersFault, secretFault, urlFault } from '../../events/index.ts';

/** Which receivers are allowed. */
export interface ReceiverRules {
  /** http:// and private networks (TALKWIRE_WEBHOOKS_PRIVATE). */
  readonly privateAllowed: boolean;
}

type Texts = Readonly<Record<string, string>>;

/** What a client says of a webhook that is made (kapso-api.md §10). */
export function newWebhookBody(rules: ReceiverRules) {
  return z.object({ ...FIELDS, url: urlOf(rules), kind: kind.default('kapso') }, NOT_AN_OBJECT);
}

/** What of a webhook can be changed; what is not named stays. */
export function webhookChangesBody(rules: ReceiverRules) {
  return z.object({ ...FIELDS, url: urlOf(rules).optional(), kind: kind.optional() }, NOT_AN_OBJECT);
}

const NOT_AN_OBJECT = { error: 'must be an object' };

const kind = z.enum(['kapso', 'meta'], { error: 'must be kapso or meta' });

function urlOf({ privateAllowed }: ReceiverRules) {
  const faultOf = (given: unknown) => (typeof given === 'string' ? urlFault(given, privateAllowed) : 'must be a URL');
  return judged<string>(faultOf, { type: 'string', format: 'uri', maxLength: 2_048, description: 'The receiver' });
}

const secret = judged<string>((given) => (typeof given === 'string' ? secretFault(given) : 'must be a text'), {
  type: 'string',
  minLength: 8,
  maxLength: 256,
  description: 'Signs each delivery. Default: one is made',
});

const events = judged<readonly EventType[]>(eventsFault, {
  type: 'array',
  items: { enum: EVENT_TYPES },
  description: 'Names of docs/events.md. Default: all of them',
});

const headers = judged<Texts>((given) => (isTexts(given) ? headersFault(given) : 'must be an object of texts'), {
  type: 'object',
  additionalProperties: { type: 'string' },
  description: 'Sent with each delivery',
});

/** Kapso's, which mean nothing here: taken where they change nothing, so that what was read can be sent back. */
const unbuffered = 'every event is sent by itself';
const NEUTRAL = {
  payload_version: only('v2', 'must be v2'),
  buffer_enabled: only(false, `must be false: ${unbuffered}`),
  buffer_window_seconds: only(5, `must be null: ${unbuffered}`),
  max_buffer_size: only(50, `must be null: ${unbuffered}`),
  buffer_events: judged((given) => (Array.isArray(given) && given.length === 0 ? null : `must be []: ${unbuffered}`), {
    type: 'array',
    maxItems: 0,
  })
    .nullable()
    .optional(),
  inactivity_minutes: only(60, 'must be null: there is no event for a conversation in which nothing is said'),
};

const FIELDS = {
  /** Null, as an answer shows it later: it stays. */
  secret_key: secret.nullable().optional(),
  active: flag.optional(),
  events: events.optional(),
  headers: headers.nullable().optional(),
  ...NEUTRAL,
};

/** Names the one that is not known: a name of Kapso's catalogue may be none of ours. */
function eventsFault(given: unknown): string | null {
  const rule = 'must be a list of names of events';
  if (!Array.isArray(given) || given.length > 100) return rule;
  const strange = given.find((name) => !EVENT_TYPES.includes(name));
  if (strange === undefined) return null;
  const isName = typeof strange === 'string' && /^[\w.]{1,100}$/.test(strange);
  return isName ? `must not name ${strange}, which is no event of this service` : rule;
}

function isTexts(given: unknown): given is Texts {
  return isObject(given) && Object.values(given).every((value) => typeof value === 'string');
}

/** One value, or null. */
function only(value: string | number | boolean, rule: string) {
  const shape = { enum: [value, null] };
  return field(rule, (given) => (given === value || given === null ? { given } : null), shape).optional();
}

/** A field whose every fault has words of its own. */
function judged<T>(faultOf: (given: unknown) => string | null, shape: Readonly<Record<string, unknown>>) {
  const reads = z.unknown().transform((given, context): T => {
    const fault = given === undefined ? 'is required' : faultOf(given);
    if (fault === null) return given as T;
    context.addIssue({ code: 'custom', message: fault });
    return z.NEVER;
  });
  return reads.meta(shape);
}
