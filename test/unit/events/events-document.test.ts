import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { deliveryHeaders } from '../../../src/events/delivery-headers.ts';
import { newWebhookSecret } from '../../../src/events/index.ts';
import { temporaryDatabasePath } from '../../support/database.ts';
import { webhook } from '../../support/outbox.ts';

type Check = (secret: string, headers: Readonly<Record<string, string>>, body: Buffer) => boolean;

interface Documented {
  readonly isFromTalkwire: Check;
  readonly isFreshFromTalkwire: Check;
}

const text = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');
const BODY = '{"name":"Zoë 😀"}';

/** The headers of a delivery as a receiver has them. */
function headersOf(secretKey: string, at = Date.now()): Record<string, string> {
  const delivery = { eventId: 'e', type: 'whatsapp.call.ended', idempotencyKey: 'k', body: BODY } as const;
  const { sent } = deliveryHeaders(webhook({ secretKey }), delivery, at);
  return Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]));
}

describe('the code of docs/events.md that verifies a signature', () => {
  const load = async (): Promise<Documented> => {
    const [, code] = /## Verifying a signature[\s\S]*?```js\n([\s\S]*?)```/.exec(text) ?? [];
    const file = join(temporaryDatabasePath(), '..', 'verify.mjs');
    writeFileSync(file, code!);
    return await import(pathToFileURL(file).href);
  };

  it.each([
    ['a secret that we made', newWebhookSecret()],
    ['a secret of the owner', 'kapso-style-secret'],
  ])('takes what was signed with %s, and nothing else', async (_what, secret) => {
    const documented = await load();
    const headers = headersOf(secret);
    const body = Buffer.from(BODY);
    for (const check of [documented.isFromTalkwire, documented.isFreshFromTalkwire]) {
      expect(check(secret, headers, body)).toBe(true);
      expect(check(newWebhookSecret(), headers, body)).toBe(false);
      expect(check(secret, headers, Buffer.from('{}'))).toBe(false);
      expect(check(secret, {}, body)).toBe(false);
    }
  });

  it('does not take what was signed long ago, where the scheme has the time', async () => {
    const documented = await load();
    const secret = newWebhookSecret();
    const headers = headersOf(secret, Date.now() - 6 * 60_000);
    expect(documented.isFreshFromTalkwire(secret, headers, Buffer.from(BODY))).toBe(false);
    expect(headers['x-webhook-signature']).toBe(createHmac('sha256', secret).update(BODY).digest('hex'));
  });
});

describe('the tables of docs/events.md', () => {
  it('name every word that the log has for a failure', () => {
    const code = ['courier', 'delivery-desk'].map((name) =>
      readFileSync(new URL(`../../../src/events/${name}.ts`, import.meta.url), 'utf8'),
    );
    const words = code.join().match(/'[a-z0-9]+(?:_[a-z0-9]+)+'|'timeout'|'stopped'|'unreachable'/g) ?? [];
    const failures = new Set(words.map((word) => word.slice(1, -1)).filter((word) => word !== 'not_link_local'));
    expect(failures.size).toBeGreaterThan(10);
    expect([...failures].filter((word) => !text.includes(`\`${word}\``))).toEqual([]);
  });

  it('name every header that is sent', () => {
    const meta = deliveryHeaders(
      webhook({ kind: 'meta' }),
      { eventId: 'e', type: 'meta', idempotencyKey: 'k', body: BODY },
      0,
    );
    const names = new Set(
      [...Object.keys(headersOf('kapso-style')), ...Object.keys(meta.sent)].map((name) => name.toLowerCase()),
    );
    const section = text.slice(text.indexOf('## Delivery'), text.indexOf('## Verifying')).toLowerCase();
    expect([...names].filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
  });
});
