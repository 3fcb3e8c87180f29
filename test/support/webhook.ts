import { readFileSync } from 'node:fs';
import { signKapso, signMeta } from '../../src/signaling/index.ts';

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

/** One change of field `calls` of our number, holding `value`. */
export function callsWebhook(value: Readonly<Record<string, unknown>>): unknown {
  return {
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '100000000000001',
        changes: [
          {
            field: 'calls',
            value: {
              messaging_product: 'whatsapp',
              metadata: { display_phone_number: '15550001111', phone_number_id: OUR_NUMBER },
              ...value,
            },
          },
        ],
      },
    ],
  };
}

export function metaHeaders(body: Buffer, secret: string): Record<string, string> {
  return { 'x-hub-signature-256': signMeta(secret, body) };
}

export function kapsoHeaders(body: Buffer, secret: string, idempotencyKey: string): Record<string, string> {
  return { 'x-webhook-signature': signKapso(secret, body), 'x-idempotency-key': idempotencyKey };
}
