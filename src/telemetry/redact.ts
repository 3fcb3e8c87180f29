import { redactText } from './redact-text.ts';

const HIDDEN = '[redacted]';
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;

/** Keys whose values are hidden whatever they look like, in lower case without `_` and `-`. */
const HIDDEN_KEYS = new Set(
  [
    'sdp offer answer localsdp remotesdp candidate candidates iceufrag icepwd fingerprint',
    'token accesstoken verifytoken authorization bearer apikey xapikey apikeys secret secrets appsecret password passwd pwd',
    'credential credentials masterkey privatekey signature xhubsignature256 xwebhooksignature cookie setcookie headers',
    'from to waid userwaid recipient phone phonenumber displayphonenumber caller callee msisdn',
    'user username profile profilename displayname contact contacts fromuserid touserid userid parentuserid',
    'ip ips ipaddress address addresses addr host hostname remoteaddress remoteip localaddress announcedip peer',
    'query querystring search body rawbody payload',
  ].flatMap((line) => line.split(' ')),
);

/** Meta's ids of business numbers look like phone numbers but are none; operators need them. */
const NUMBER_ID_KEYS = new Set(['phonenumberid']);

/**
 * A copy that is safe to log: values under telling keys are hidden, and SDP, addresses, phone numbers, tokens and Meta's
 * call ids are struck out of every text, at any depth. Never throws; the copy is plain JSON.
 *
 * @param secrets values that are struck out wherever they stand
 */
export function redact(value: unknown, secrets: readonly string[] = []): unknown {
  return redactValue(value, { secrets, parents: [] });
}

interface Walk {
  readonly secrets: readonly string[];
  readonly parents: readonly object[];
}

function redactValue(value: unknown, walk: Walk): unknown {
  if (typeof value === 'string') return redactText(value, walk.secrets);
  if (typeof value === 'number') return redactNumber(value);
  if (typeof value === 'bigint') return redactText(String(value), walk.secrets);
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  return typeof value === 'object' && value !== null ? redactObject(value, walk) : value;
}

function redactObject(value: object, walk: Walk): unknown {
  if (walk.parents.includes(value)) return '[circular]';
  if (walk.parents.length >= MAX_DEPTH) return '[too deep]';
  const inside: Walk = { ...walk, parents: [...walk.parents, value] };
  try {
    if (isBytes(value)) return '[bytes]';
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (value instanceof Error) return redactError(value, inside);
    if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactValue(item, inside));
    return redactEntries(Object.entries(value), inside);
  } catch {
    // A getter or a proxy threw.
    return '[unreadable]';
  }
}

function redactEntries(entries: readonly [string, unknown][], walk: Walk): Record<string, unknown> {
  const safe = entries.slice(0, MAX_ITEMS).map(([key, value]) => {
    return [redactText(key, walk.secrets), redactEntry(key, value, walk)] as const;
  });
  return Object.fromEntries(safe);
}

function redactEntry(key: string, value: unknown, walk: Walk): unknown {
  const name = key.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (HIDDEN_KEYS.has(name))
    return value === null || value === undefined || typeof value === 'boolean' ? value : HIDDEN;
  if (NUMBER_ID_KEYS.has(name) && typeof value === 'string' && /^\d{14,20}$/.test(value)) return value;
  return redactValue(value, walk);
}

function redactError(error: Error, walk: Walk): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return redactEntries(
    [...Object.entries({ type: name, message, stack, cause }), ...Object.entries(error)].filter(
      ([, value]) => value !== undefined,
    ),
    walk,
  );
}

/**
 * A phone number may come as a number: whole, with 8 to 15 digits. Times of our age, in seconds, milliseconds or
 * microseconds, stay, and so do counters up to ten million.
 */
function redactNumber(value: number): unknown {
  const size = Math.abs(value);
  if (!Number.isInteger(value) || size < 10_000_000) return value;
  const isTime = [1, 1e3, 1e6].some((unit) => size >= 1.5e9 * unit && size < 2.2e9 * unit);
  return isTime ? value : '[number]';
}

/** Raw bytes, also after they went through JSON. */
function isBytes(value: object): boolean {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true;
  const entries: unknown = 'type' in value && value.type === 'Buffer' && 'data' in value ? value.data : value;
  const items = Array.isArray(entries) ? entries : indexed(value);
  return (
    items !== null && items.length >= 8 && items.every((item) => Number.isInteger(item) && item >= -128 && item < 256)
  );
}

/** What JSON makes of a typed array: an object with the keys 0, 1, 2, … */
function indexed(value: object): unknown[] | null {
  return Object.keys(value).every((key, index) => key === String(index)) ? Object.values(value) : null;
}
