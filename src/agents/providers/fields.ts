import { z } from 'zod';
import { isObject, isShallow } from '../json.ts';
import { isForbiddenHost } from '../net/address-guard.ts';

/** A value of a body, as JSON gives it, that becomes a T. */
export type Field<T> = z.ZodType<T>;

/** Which hosts an agent may have. */
export interface HostRules {
  /** Link-local and metadata addresses are let through (TALKWIRE_ALLOW_LINK_LOCAL_AGENTS). */
  readonly allowLinkLocal: boolean;
}

const MAX_URL_LENGTH = 2_048;
const MAX_KEY_LENGTH = 4_096;
/** Far deeper than any session or JSON Schema; what is deeper could overflow a stack somewhere. */
const MAX_DEPTH = 40;

/** As much of a rule as JSON Schema can say, for the description of the API. */
export type Shape = Readonly<Record<string, unknown>>;

/**
 * A field whose every fault is told as its one rule. `read` says null for a wrong value.
 *
 * @param shape what the value looks like; the rule is its description
 */
export function field<T>(rule: string, read: (given: unknown) => T | null, shape: Shape = {}): Field<T> {
  const reads = z.unknown().transform((given, context) => {
    const value = given === undefined ? null : read(given);
    if (value !== null) return value;
    context.addIssue({ code: 'custom', message: given === undefined ? 'is required' : rule });
    return z.NEVER;
  });
  return reads.register(z.globalRegistry, {
    description: rule.replace(/^./, (first) => first.toUpperCase()),
    ...shape,
  });
}

export function text(maxLength: number): Field<string> {
  return field(
    `must be a text of 1 to ${maxLength} characters`,
    (given) => (typeof given === 'string' && given.length > 0 && given.length <= maxLength ? given : null),
    { type: 'string', minLength: 1, maxLength },
  );
}

/** May be empty. */
export function prose(maxLength: number): Field<string> {
  return field(
    `must be a text of at most ${maxLength} characters`,
    (given) => (typeof given === 'string' && given.length <= maxLength ? given : null),
    { type: 'string', maxLength },
  );
}

export function matching(pattern: RegExp, rule: string): Field<string> {
  const shape = { type: 'string', pattern: pattern.source };
  return field(rule, (given) => (typeof given === 'string' && pattern.test(given) ? given : null), shape);
}

/** A key or token: what can stand in an HTTP header as it is. */
export function key(): Field<string> {
  const rule = `must be one word of printable ASCII characters, without spaces, at most ${MAX_KEY_LENGTH} long`;
  return field(
    rule,
    (given) =>
      typeof given === 'string' && given.length <= MAX_KEY_LENGTH && /^[\x21-\x7e]+$/.test(given) ? given : null,
    { type: 'string', maxLength: MAX_KEY_LENGTH, pattern: '^[\\x21-\\x7e]+$', writeOnly: true },
  );
}

export function oneOf<const T extends string | number>(...values: readonly T[]): Field<T> {
  const rule = `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  return field(rule, (given) => values.find((value) => value === given) ?? null, { enum: values });
}

export function number(min: number, max: number): Field<number> {
  return field(
    `must be a number from ${min} to ${max}`,
    (given) => (typeof given === 'number' && given >= min && given <= max ? given : null),
    { type: 'number', minimum: min, maximum: max },
  );
}

export function wholeNumber(min: number, max: number): Field<number> {
  return field(
    `must be a whole number from ${min} to ${max}`,
    (given) =>
      Number.isInteger(given) && (given as number) >= min && (given as number) <= max ? (given as number) : null,
    { type: 'integer', minimum: min, maximum: max },
  );
}

export const flag: Field<boolean> = field(
  'must be true or false',
  (given) => (typeof given === 'boolean' ? given : null),
  { type: 'boolean' },
);

/** @param schemes such as `ws` and `wss` */
export function url(schemes: readonly string[], { allowLinkLocal }: HostRules): Field<string> {
  const names = schemes.map((scheme) => `${scheme}://`).join(' or ');
  const rule =
    `must be a ${names} URL of at most ${MAX_URL_LENGTH} characters, without user, password and fragment` +
    (allowLinkLocal ? '' : ', and not of a link-local or metadata address');
  const shape = { type: 'string', format: 'uri', maxLength: MAX_URL_LENGTH };
  const read = (given: unknown) => {
    if (typeof given !== 'string' || given.length > MAX_URL_LENGTH) return null;
    const parsed = URL.parse(given);
    if (parsed === null || !schemes.includes(parsed.protocol.slice(0, -1)) || parsed.hostname === '') return null;
    if (parsed.username !== '' || parsed.password !== '' || parsed.hash !== '') return null;
    return allowLinkLocal || !isForbiddenHost(parsed.hostname) ? given : null;
  };
  return field(rule, read, shape);
}

/** Any JSON object, bounded in size and depth. */
export function jsonObject(maxLength: number): Field<Readonly<Record<string, unknown>>> {
  const read = (given: unknown) => {
    if (!isObject(given) || !isShallow(given, MAX_DEPTH)) return null;
    return JSON.stringify(given).length <= maxLength ? given : null;
  };
  return field(`must be an object of at most ${maxLength} characters of JSON`, read, { type: 'object' });
}

interface DictionaryLimits {
  readonly entries: number;
  readonly nameLength: number;
  readonly valueLength: number;
}

export function textDictionary(limits: DictionaryLimits): Field<Readonly<Record<string, string>>> {
  const { entries, nameLength, valueLength } = limits;
  const rule = `must be an object of at most ${entries} texts, each of at most ${valueLength} characters, under names of at most ${nameLength}`;
  return field(rule, (given) => (isDictionary(given, limits, isText) ? given : null), {
    ...dictionaryShape(limits),
    additionalProperties: { type: 'string', maxLength: valueLength },
  });
}

export function scalarDictionary(limits: DictionaryLimits): Field<Readonly<Record<string, string | number | boolean>>> {
  const { entries, nameLength, valueLength } = limits;
  const rule = `must be an object of at most ${entries} texts of at most ${valueLength} characters, numbers or booleans, under names of at most ${nameLength}`;
  return field(rule, (given) => (isDictionary(given, limits, isScalar) ? given : null), {
    ...dictionaryShape(limits),
    additionalProperties: { type: ['string', 'number', 'boolean'], maxLength: valueLength },
  });
}

function dictionaryShape({ entries, nameLength }: DictionaryLimits): Shape {
  return { type: 'object', maxProperties: entries, propertyNames: { maxLength: nameLength } };
}

function isDictionary<T extends string | number | boolean>(
  given: unknown,
  { entries, nameLength, valueLength }: DictionaryLimits,
  isValue: (value: unknown) => value is T,
): given is Readonly<Record<string, T>> {
  if (!isObject(given)) return false;
  const all = Object.entries(given);
  const fits = (value: unknown) => isValue(value) && String(value).length <= valueLength;
  return all.length <= entries && all.every(([name, value]) => name.length <= nameLength && fits(value));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
