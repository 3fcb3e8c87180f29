import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { DueDelivery, Webhook } from './ports.ts';
import { standardKey } from './webhook-secret.ts';

export interface DeliveryHeaders {
  /** All that are sent. */
  readonly sent: Readonly<Record<string, string>>;
  /** The same for the log: the values of the webhook's own are not in it, they may be secrets. */
  readonly logged: Readonly<Record<string, string>>;
}

export type Signed = Pick<DueDelivery, 'eventId' | 'type' | 'idempotencyKey' | 'body'>;

/** What is written into the log instead of the value of a webhook's own header. */
const HIDDEN = '(hidden)';

/**
 * The headers of one attempt: Kapso's (kapso-api.md §10), those of Standard Webhooks, and for Meta's own webhooks the
 * signature that an application written for Meta verifies.
 *
 * @param at Unix milliseconds; what verifies Standard Webhooks refuses what is older than 5 minutes, so it is the attempt's
 */
export function deliveryHeaders(webhook: Webhook, delivery: Signed, at: number): DeliveryHeaders {
  const keys = keysOf(webhook);
  const body = Buffer.from(delivery.body);
  const plain = createHmac('sha256', keys.plain).update(body).digest('hex');
  const timestamp = Math.floor(at / 1000);
  const standard = createHmac('sha256', keys.standard)
    .update(`${delivery.eventId}.${timestamp}.`)
    .update(body)
    .digest('base64');
  const ours: Record<string, string> = {
    'Content-Type': 'application/json',
    'User-Agent': 'talkwire',
    ...(delivery.type !== 'meta' && { 'X-Webhook-Event': delivery.type }),
    'X-Webhook-Signature': plain,
    'X-Idempotency-Key': delivery.idempotencyKey,
    'X-Webhook-Payload-Version': 'v2',
    'webhook-id': delivery.eventId,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${standard}`,
    ...(delivery.type === 'meta' && { 'X-Hub-Signature-256': `sha256=${plain}` }),
  };
  const own = Object.entries(webhook.headers).filter(([name]) => !isOurs(name));
  const hidden = own.map(([name]) => [name, HIDDEN] as const);
  return { sent: { ...Object.fromEntries(own), ...ours }, logged: { ...Object.fromEntries(hidden), ...ours } };
}

interface Keys {
  readonly plain: KeyObject;
  readonly standard: KeyObject;
}

/** Made once for a webhook: that takes longer than to sign with them. */
const keys = new WeakMap<Webhook, Keys>();

function keysOf(webhook: Webhook): Keys {
  const known = keys.get(webhook);
  if (known !== undefined) return known;
  const { secretKey } = webhook;
  const made = { plain: createSecretKey(secretKey, 'utf8'), standard: createSecretKey(standardKey(secretKey)) };
  keys.set(webhook, made);
  return made;
}

/** What we send, and what belongs to the connection and not to the message (RFC 9110 §7.6.1). */
const OURS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-hub-signature-256',
  'x-idempotency-key',
]);
const MAX_HEADERS = 20;

function isOurs(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    OURS.has(lower) || lower.startsWith('x-webhook-') || lower.startsWith('webhook-') || lower.startsWith('proxy-')
  );
}

/** Why these cannot be a webhook's own headers, as the end of a sentence that begins with the name of the field; or null. */
export function headersFault(headers: Readonly<Record<string, string>>): string | null {
  const entries = Object.entries(headers);
  if (entries.length > MAX_HEADERS) return `must be at most ${MAX_HEADERS} headers`;
  if (new Set(entries.map(([name]) => name.toLowerCase())).size < entries.length) return 'must not name a header twice';
  for (const [name, value] of entries) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(name))
      return 'must have names of 1 to 64 characters of a header name';
    if (isOurs(name)) return `must not replace ${name}`;
    if (!/^[\x20-\x7e]{0,1024}$/.test(value)) return `must have at most 1024 printable ASCII characters in ${name}`;
  }
  return null;
}
