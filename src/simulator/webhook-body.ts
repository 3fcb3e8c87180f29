import { createHmac } from 'node:crypto';
import type { WebhookValue } from './webhooks.ts';

/** The field that a change is about; each has its own kind of value. */
export type WebhookField = 'calls' | 'messages' | 'account_update' | 'account_settings_update';

/**
 * The body of one delivery; up to 1,000 values may be batched (meta-calling.md §3).
 *
 * @param time of the entry, Unix milliseconds; only changes of the account have one (meta-calling.md §3.11)
 */
export function webhookBody(
  businessAccountId: string,
  values: readonly WebhookValue[],
  field: WebhookField = 'calls',
  time: number | null = null,
): Buffer {
  const changes = values.map((value) => ({ field, value }));
  const entry = { id: businessAccountId, ...(time === null ? {} : { time: Math.floor(time / 1000) }), changes };
  return Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry: [entry] }));
}

/** The value of X-Hub-Signature-256 for these bytes (meta-calling.md §3.1). */
export function signWebhook(body: Uint8Array, appSecret: string): string {
  return `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
}
