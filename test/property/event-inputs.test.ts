import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { headersFault, secretFault, urlFault } from '../../src/events/index.ts';
import { afterFailure } from '../../src/events/retry-schedule.ts';
import { readRetryAfter } from '../../src/net/index.ts';

const RUNS = { numRuns: 5_000 };
const DAY = 86_400_000;

const anyUrl = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc
    .tuple(
      fc.constantFrom('https://', 'http://', 'HTTPS:\\\\', 'https:'),
      fc.oneof(fc.ipV4Extended(), fc.ipV6(), fc.domain()),
    )
    .map(([scheme, host]) => `${scheme}${host.includes(':') ? `[${host}]` : host}/`),
);

describe('what owners and receivers of webhooks say', () => {
  test('is a URL that can be sent to, or refused with a reason', () => {
    fc.assert(
      fc.property(anyUrl, fc.boolean(), (text, privateAllowed) => {
        const fault = urlFault(text, privateAllowed);
        if (fault !== null) {
          expect(fault).toMatch(/^must /);
          return;
        }
        const url = new URL(text);
        expect(privateAllowed ? ['https:', 'http:'] : ['https:']).toContain(url.protocol);
        expect(url.username + url.password).toBe('');
        // What is public is also no matter where private networks are allowed.
        if (!privateAllowed) expect(urlFault(text, true)).toBeNull();
      }),
      RUNS,
    );
  });

  test('are headers and a secret that can be used, or refused with a reason', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('a', 'Host', 'x-webhook-event', '__proto__'),
    );
    fc.assert(
      fc.property(fc.dictionary(word, word, { maxKeys: 3 }), fc.string({ maxLength: 40 }), (headers, text) => {
        const fault = headersFault(headers);
        if (fault === null) expect(() => new Headers(headers)).not.toThrow();
        else expect(fault).toMatch(/^must /);
        for (const secret of [text, `whsec_${text}`, `whsec_${Buffer.from(text).toString('base64')}`]) {
          const wrong = secretFault(secret);
          if (wrong !== null) expect(wrong).toMatch(/^must be /);
          else if (secret.startsWith('whsec_')) expect(() => new StandardWebhook(secret)).not.toThrow();
        }
      }),
      RUNS,
    );
  });

  test('never makes us wait for longer than a day, nor try after three', () => {
    const retryAfter = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.integer().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    const time = fc.integer({ min: 0, max: 10 * DAY });
    const now = Date.UTC(2026, 10, 20);
    fc.assert(
      fc.property(
        retryAfter,
        time,
        fc.nat(10_000),
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (said, since, took, tries, random) => {
          const retryAfterMs = readRetryAfter(said, now);
          if (retryAfterMs !== null) expect(retryAfterMs).toBeGreaterThanOrEqual(0);
          const firstTryAt = now - since;
          const verdict = afterFailure({ at: now - took, tries, firstTryAt, pausedMs: 0, retryAfterMs }, now, random);
          if (verdict.type !== 'retry') {
            expect(since).toBeGreaterThanOrEqual(3 * DAY + took);
            return;
          }
          expect(Number.isSafeInteger(verdict.at)).toBe(true);
          expect(verdict.at).toBeGreaterThanOrEqual(now);
          expect(verdict.at).toBeLessThanOrEqual(now + DAY);
          expect(verdict.at).toBeLessThanOrEqual(Math.max(now, firstTryAt + 3 * DAY));
        },
      ),
      RUNS,
    );
  });
});
