import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ParsedWebhook, parseWebhook } from '../../src/signaling/index.ts';
import { callsWebhook, webhookBytes, webhookJson } from '../support/webhook.ts';

const FIXTURES = readdirSync(new URL('../fixtures/webhooks', import.meta.url)).map((file) =>
  file.replace(/\.json$/, ''),
);
const CALL_KEYS = [
  'id',
  'event',
  'direction',
  'timestamp',
  'from',
  'to',
  'session',
  'status',
  'errors',
  'duration',
  '__proto__',
];

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
const hostile = fc.oneof(
  json,
  fc.constantFrom('connect', 'terminate', 'USER_INITIATED', 'FAILED', 'RINGING', '1760681506', 1e300, -1, '', [], {}),
);
const fixture = fc.constantFrom(...FIXTURES);

/** What must hold of anything that comes out, whatever went in. */
function expectSound({ events, ignored }: ParsedWebhook): void {
  for (const { identity, input } of events) {
    expect(identity.callId).not.toBe('');
    expect(identity.phoneNumberId).not.toBe('');
    expect(identity.user.waId ?? '1234').toMatch(/^\d{4,20}$/);
    for (const time of [identity.startedAt, input.timestamp]) expect(new Date(time).getTime()).toBe(time);
    if (input.type === 'meta.connect') {
      expect(input.sdp).not.toBe('');
      expect([identity.user.waId, identity.user.userId]).not.toEqual([null, null]);
    }
    if (input.type === 'meta.terminate') {
      const codes = input.errors.map(({ code }) => code);
      expect(new Set(codes).size).toBe(codes.length);
      expect(input.durationSeconds ?? 0).toBeGreaterThanOrEqual(0);
    }
  }
  for (const { reason } of ignored) expect(reason).toMatch(/^[\w ,.-]{1,200}$/);
  expect(Object.keys(Object.prototype)).toEqual([]);
}

/** The value at a random place of `root` replaced, removed or doubled. */
function mutate(root: unknown, path: readonly number[], how: 'replace' | 'remove' | 'wrap', by: unknown): unknown {
  if (typeof root !== 'object' || root === null || path.length === 0) return how === 'wrap' ? [root] : by;
  const [step = 0, ...rest] = path;
  if (Array.isArray(root)) {
    if (root.length === 0) return by;
    const at = step % root.length;
    if (how === 'remove' && rest.length === 0) return root.toSpliced(at, 1);
    return root.with(at, mutate(root[at], rest, how, by));
  }
  const entries = Object.entries(root);
  if (entries.length === 0) return by;
  const at = step % entries.length;
  if (how === 'remove' && rest.length === 0) return Object.fromEntries(entries.toSpliced(at, 1));
  const [key, value] = entries[at]!;
  return Object.fromEntries(entries.with(at, [key, mutate(value, rest, how, by)]));
}

describe('the webhook parser', () => {
  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => expectSound(parseWebhook(Buffer.from(bytes), 0))),
    );
  });

  it('takes any value', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true }), (value) =>
        expectSound(parseWebhook(value, 0)),
      ),
    );
  });

  it('takes any JSON at any level of the envelope', () => {
    fc.assert(
      fc.property(json, fc.nat(4), (value, level) => {
        const bodies = [
          value,
          { entry: value },
          { entry: [{ changes: value }] },
          { entry: [{ changes: [{ field: 'calls', value }] }] },
          callsWebhook({ calls: value, statuses: value, errors: value, contacts: value }),
        ];
        expectSound(parseWebhook(Buffer.from(JSON.stringify(bodies[level])), 0));
      }),
    );
  });

  it('takes calls whose every field is anything', () => {
    const call = fc.dictionary(fc.constantFrom(...CALL_KEYS), hostile);
    fc.assert(
      fc.property(fc.array(call, { maxLength: 5 }), hostile, (calls, beside) => {
        const text = JSON.stringify(callsWebhook({ calls, statuses: calls, errors: beside, contacts: beside }));
        const parsed = parseWebhook(Buffer.from(text), 0);
        expectSound(parsed);
        expect(parsed.events.length + parsed.ignored.length).toBeGreaterThanOrEqual(calls.length * 2);
      }),
      { numRuns: 300 },
    );
  });

  it('takes captures that were changed in up to three places', () => {
    const change = fc.record({
      path: fc.array(fc.nat(20), { minLength: 1, maxLength: 9 }),
      how: fc.constantFrom('replace', 'remove', 'wrap'),
      by: hostile,
    });
    fc.assert(
      fc.property(fixture, fc.array(change, { minLength: 1, maxLength: 3 }), (name, changes) => {
        const body = changes.reduce<unknown>(
          (root, { path, how, by }) => mutate(root, path, how, by),
          webhookJson(name),
        );
        expectSound(parseWebhook(body, 0));
      }),
      { numRuns: 500 },
    );
  });

  it('reads a capture the same with any unknown keys added', () => {
    const extra = fc.dictionary(
      fc.string({ minLength: 1 }).map((key) => `x_${key}`),
      json,
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(fixture, extra, (name, keys) => {
        const body = JSON.parse(webhookBytes(name).toString('utf8'), (_, value) =>
          typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...keys, ...value } : value,
        );
        // `webhook` is the body as it came, with whatever else is in it.
        const read = (source: unknown) => {
          const { events, ...rest } = parseWebhook(source, 7);
          return { ...rest, events: events.map(({ webhook: _, ...event }) => event) };
        };
        expect(read(body)).toEqual(read(webhookBytes(name)));
      }),
    );
  });
});
