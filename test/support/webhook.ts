import { readFileSync } from 'node:fs';
import { type NumberDirectory, signKapso, signMeta } from '../../src/signaling/index.ts';

/** The number that all fixtures speak of, but `foreign-number`. */
export const OUR_NUMBER = '111000000000001';

/** Bytes of a captured shape, `test/fixtures/webhooks/<name>.json`. */
export function webhookBytes(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/webhooks/${name}.json`, import.meta.url));
}

/** The same, parsed. */
export function webhookJson(name: string): unknown {
  return JSON.parse(webhookBytes(name).toString('utf8'));
}

/** The business number that is displayed for it. */
export const OUR_DISPLAY = '15550001111';

/** A directory that knows OUR_NUMBER alone. */
export function ourDirectory(overrides: Partial<NumberDirectory> = {}): NumberDirectory {
  return {
    isOurs: (id) => id === OUR_NUMBER,
    numbersShowing: (digits) => (digits === OUR_DISPLAY ? [OUR_NUMBER] : []),
    signers: () => [],
    showsAs: async () => {},
    credentials: async () => null,
    ...overrides,
  };
}

/** One change of field `calls` of our number, holding `value`. */
export function callsWebhook(value: Readonly<Record<string, unknown>>): unknown {
  return changeOf('calls', { ...OURS, ...value });
}

/** One change of field `messages` of our number, holding `value`. */
export function messagesWebhook(value: Readonly<Record<string, unknown>>): unknown {
  return changeOf('messages', { ...OURS, ...value });
}

/** Meta's word on a restriction of our number, as `account_update` brings it. `time` and `expiration` in seconds. */
export function restrictionWebhook(type: string, expiration: number | null, time = 1_767_168_000): unknown {
  const restriction = { restriction_type: type, ...(expiration !== null && { expiration }) };
  const value = { phone_number: OUR_DISPLAY, event: 'ACCOUNT_RESTRICTION', restriction_info: [restriction] };
  return changeOf('account_update', value, time);
}

/** Meta's word on the calling settings of our number, as `account_settings_update` brings it. `timestamp` in seconds. */
export function settingsWebhook(calling: unknown, timestamp = 1_767_168_000, type = 'phone_number_settings'): unknown {
  const settings = { phone_number_id: OUR_NUMBER, calling };
  return changeOf('account_settings_update', {
    messaging_product: 'whatsapp',
    timestamp: String(timestamp),
    type,
    phone_number_settings: settings,
  });
}

/** Meta warns of how our number calls. `time` in seconds. */
export function violationWebhook(violation_type: string, remediation: string | null, time = 1_767_168_000): unknown {
  const violation = { violation_type, ...(remediation !== null && { remediation }) };
  const value = { phone_number: OUR_DISPLAY, event: 'ACCOUNT_VIOLATION', violation_info: violation };
  return changeOf('account_update', value, time);
}

/** A message of field `messages` that answers a permission request. */
export function permissionReply(
  reply: Readonly<Record<string, unknown>>,
  overrides: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    from: '15550002222',
    id: 'wamid.reply',
    timestamp: '1767168000',
    type: 'interactive',
    interactive: { type: 'call_permission_reply', call_permission_reply: reply },
    ...overrides,
  };
}

const OURS = {
  messaging_product: 'whatsapp',
  metadata: { display_phone_number: OUR_DISPLAY, phone_number_id: OUR_NUMBER },
};

function changeOf(field: string, value: Readonly<Record<string, unknown>>, time?: number): unknown {
  const entry = { id: '100000000000001', ...(time !== undefined && { time }), changes: [{ field, value }] };
  return { object: 'whatsapp_business_account', entry: [entry] };
}

export function metaHeaders(body: Buffer, secret: string): Record<string, string> {
  return { 'x-hub-signature-256': signMeta(secret, body) };
}

export function kapsoHeaders(body: Buffer, secret: string, idempotencyKey: string): Record<string, string> {
  return { 'x-webhook-signature': signKapso(secret, body), 'x-idempotency-key': idempotencyKey };
}
