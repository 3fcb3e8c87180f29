import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../src/signaling/graph-answer.ts';

const NOW = 1_767_168_000_000;
const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
const field = fc.oneof(
  json,
  fc.integer({ min: NOW / 1000 - 100, max: NOW / 1000 + 1e7 }),
  fc.date({ noInvalidDate: true }).map((date) => `Try again at ${date.toISOString()}, not at +15550002222`),
  fc.constantFrom(138012, '138006', 131000, 'Call already ended', 'for 192.0.2.1'),
);
const error = fc.dictionary(
  fc.constantFrom('code', 'message', 'error_data', 'error_user_msg', 'error_user_title', '__proto__'),
  fc.oneof(field, fc.dictionary(fc.constantFrom('details', 'time', 'limits'), field)),
);
const body = fc.oneof(
  json,
  error.map((inside) => ({ error: inside })),
  fc.record({ error: field, calls: json, success: json }, { requiredKeys: [] }),
);
const retryAfter = fc.oneof(
  fc.constant(null),
  fc.string(),
  fc.nat().map(String),
  fc.constant('Wed, 31 Dec 2025 09:00:00 GMT'),
);

describe('an answer of Graph', () => {
  it('of any status and shape is sorted by whether it can have had an effect', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), body, retryAfter, (status, said, after) => {
        const answer = readAnswer(
          { type: 'answered', status, body: said, retryAfter: after, said: { headers: {}, text: '' } },
          NOW,
        );
        if (status >= 500 || status === 408) expect(answer.type).toBe('unknown');
        else if (status >= 300) expect(answer.type).toBe('refused');
        if (answer.type === 'ok') {
          expect(answer.body).toBe(said);
          return;
        }
        expect(answer.failure.kind).toBe(answer.type);
        expect(answer.failure.message).not.toMatch(/\d{7,}|\d+\.\d+\.\d+\.\d+/);
        if (answer.type === 'unknown') return;
        expect(answer.body).toBeTypeOf('object');
        expect(answer.status).toBeGreaterThanOrEqual(300);
        for (const wait of [answer.retryAfterMs ?? 0, (answer.retryAt ?? NOW) - NOW]) {
          expect(Number.isFinite(wait)).toBe(true);
          expect(wait).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('that never came had no effect for certain only if nothing was sent', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.string(), (sent, why) => {
        expect(readAnswer({ type: 'unanswered', sent, why }, NOW).type).toBe(sent ? 'unknown' : 'refused');
      }),
    );
  });
});
