import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccountFinding,
  type ParsedWebhook,
  type PermissionEvent,
  parseWebhook,
} from '../../src/signaling/index.ts';
import { callsWebhook, messagesWebhook, webhookBytes, webhookJson } from '../support/webhook.ts';

const FIXTURES = readdirSync(new URL('../fixtures/webhooks', import.meta.url)).map((file) =>
  file.replace(/\.json$/, ''),
);
const CALL_KEYS = [
  'call_recording',
  'call_transcript',
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

const MESSAGE_KEYS = [
  'id',
  'type',
  'from',
  'from_user_id',
  'timestamp',
  'context',
  'interactive',
  'group_id',
  'status',
  'errors',
  'text',
  '__proto__',
];
const REPLY_KEYS = ['response', 'is_permanent', 'expiration_timestamp', 'response_source'];
const ACCOUNT_KEYS = ['phone_number', 'event', 'restriction_info', 'violation_info'];
const SETTINGS_KEYS = ['type', 'timestamp', 'phone_number_settings', '__proto__'];
const CALLING_KEYS = ['status', 'sip', 'call_hours', 'restrictions', 'sip_user_password', '__proto__'];
const RESTRICTION_KEYS = ['restriction_type', 'type', 'expiration', 'remediation', 'violation_type'];

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
const hostile = fc.oneof(
  json,
  fc.constantFrom('call_recording_available', { audio: { id: '7' } }, { document: { id: 7, sha256: [] } }),
  fc.constantFrom('connect', 'terminate', 'USER_INITIATED', 'FAILED', 'RINGING', '1760681506', 1e300, -1, '', [], {}),
  fc.constantFrom('accept', 'reject', 'automatic', 'system', 'ACCOUNT_RESTRICTION', '15550002222', true, false),
  fc.constant('RESTRICTED_BUSINESS_INITIATED_CALLING'),
);
const reply = fc.dictionary(fc.constantFrom(...REPLY_KEYS), hostile);
const interactive = fc.oneof(
  hostile,
  reply.map((call_permission_reply) => ({ type: 'call_permission_reply', call_permission_reply })),
);
const message = fc
  .tuple(fc.dictionary(fc.constantFrom(...MESSAGE_KEYS), hostile), interactive)
  .map(([fields, asked]) => ({ from: '15550002222', id: 'wamid.1', ...fields, interactive: asked }));
const fixture = fc.constantFrom(...FIXTURES);

/** What must hold of anything that comes out, whatever went in. */
function expectSound({ events, permissions, accounts, artifacts, ignored }: ParsedWebhook): void {
  for (const event of permissions) expectSoundPermission(event);
  for (const finding of accounts) expectSoundAccount(finding);
  for (const { callId, mediaId, phoneNumberId, at } of artifacts) {
    for (const name of [callId, mediaId, phoneNumberId]) expect(name).not.toBe('');
    expect(new Date(at).getTime()).toBe(at);
  }
  for (const { identity, input } of events) {
    expect(identity.callId).not.toBe('');
    expect(identity.phoneNumberId).not.toBe('');
    expect(identity.user.waId ?? '1234').toMatch(/^\d{4,20}$/);
    for (const time of [identity.startedAt, input.timestamp]) expect(new Date(time).getTime()).toBe(time);
    if (input.type === 'meta.connect') {
      expect(input.sdp).not.toBe('');
      if (identity.direction === 'inbound')
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

function expectSoundAccount(finding: AccountFinding): void {
  if ('phoneNumberId' in finding.of) expect(finding.of.phoneNumberId).not.toBe('');
  else expect(finding.of.displayPhoneNumber).toMatch(/^\d{4,20}$/);
  expect(new Date(finding.at).getTime()).toBe(finding.at);
  if (finding.type === 'restricted' && finding.until !== null) {
    expect(new Date(finding.until).getTime()).toBe(finding.until);
  }
  if (finding.type === 'warned') expect(finding.violation).toMatch(/^[A-Z0-9_]{1,100}$/);
  if ('remediation' in finding && finding.remediation !== null) {
    expect(finding.remediation).toMatch(/^\P{Cc}{1,2000}$/u);
  }
  if (finding.type === 'calling_settings') {
    const kept = JSON.stringify(finding.calling);
    expect(kept.length).toBeLessThanOrEqual(32_768);
    expect(kept).not.toMatch(/"[^"]*password[^"]*":/i);
  }
}

function expectSoundPermission(event: PermissionEvent): void {
  expect(event.phoneNumberId).not.toBe('');
  expect(new Date(event.at).getTime()).toBe(event.at);
  if ('user' in event) {
    expect([event.user.waId, event.user.userId]).not.toEqual([null, null]);
    expect(Object.keys(event.user).toSorted()).toEqual(['userId', 'waId']);
    expect(event.user.waId ?? '1234').toMatch(/^\d{4,20}$/);
  }
  if (event.type !== 'permission_reply') return;
  expect(event.messageId).not.toBe('');
  expect(event.permanent && (event.response === 'reject' || event.expiresAt !== null)).toBe(false);
  expect(event.response === 'reject' && event.expiresAt !== null).toBe(false);
  const { expiresAt } = event;
  if (expiresAt !== null) expect(new Date(expiresAt).getTime()).toBe(expiresAt);
}

/** All runs of digits that look like a phone number, wherever they stand. */
function numbersIn(value: unknown): ReadonlySet<string> {
  return new Set(JSON.stringify(value).match(/\d{4,}/g) ?? []);
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
      fc.property(json, fc.nat(8), (value, level) => {
        const bodies = [
          value,
          { entry: value },
          { entry: [{ changes: value }] },
          { entry: [{ changes: [{ field: 'calls', value }] }] },
          callsWebhook({ calls: value, statuses: value, errors: value, contacts: value }),
          { entry: [{ changes: [{ field: 'messages', value }] }] },
          messagesWebhook({ messages: value, statuses: value, contacts: value, metadata: value }),
          { entry: [{ changes: [{ field: 'account_update', value }] }] },
          { entry: [{ changes: [{ field: 'account_settings_update', value }] }] },
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
        expect(parsed.events.length + parsed.artifacts.length + parsed.ignored.length).toBeGreaterThanOrEqual(
          calls.length * 2,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('takes messages whose every field is anything, and loses none', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), hostile, (messages, contacts) => {
        const text = JSON.stringify(messagesWebhook({ messages, statuses: messages, contacts }));
        const parsed = parseWebhook(Buffer.from(text), 0);
        expectSound(parsed);
        expect(parsed.events).toEqual([]);
        expect(parsed.permissions.length + parsed.ignored.length).toBeGreaterThanOrEqual(messages.length * 2);
      }),
      { numRuns: 300 },
    );
  });

  it('takes account updates whose every field is anything', () => {
    const restriction = fc.dictionary(fc.constantFrom(...RESTRICTION_KEYS), hostile);
    const update = fc
      .tuple(fc.dictionary(fc.constantFrom(...ACCOUNT_KEYS), hostile), fc.oneof(hostile, fc.array(restriction)))
      .map(([fields, restriction_info]) => ({ event: 'ACCOUNT_RESTRICTION', ...fields, restriction_info }));
    const violation = update.map((value) => ({
      ...value,
      event: 'ACCOUNT_VIOLATION',
      violation_info: value.restriction_info,
    }));
    fc.assert(
      fc.property(fc.oneof(update, violation, fc.array(fc.oneof(update, violation))), hostile, (value, time) => {
        const body = { entry: [{ time, changes: [{ field: 'account_update', value }] }] };
        expectSound(parseWebhook(Buffer.from(JSON.stringify(body)), 0));
      }),
      { numRuns: 300 },
    );
  });

  it('takes changes of settings whose every field is anything, and keeps no password', () => {
    const list = fc.array(fc.dictionary(fc.constantFrom(...RESTRICTION_KEYS), hostile));
    const restrictions = fc.oneof(
      hostile,
      fc.dictionary(fc.constantFrom('restrictions_list', 'restriction_list'), list),
    );
    const calling = fc
      .tuple(fc.dictionary(fc.constantFrom(...CALLING_KEYS), hostile), restrictions)
      .map(([fields, restricted]) => ({ ...fields, restrictions: restricted }));
    const settings = fc.oneof(hostile, calling).map((given) => ({ phone_number_id: '1', calling: given }));
    const change = fc
      .tuple(fc.dictionary(fc.constantFrom(...SETTINGS_KEYS), hostile), fc.oneof(hostile, settings))
      .map(([fields, phone_number_settings]) => ({ ...fields, type: 'PHONE_NUMBER_SETTINGS', phone_number_settings }));
    fc.assert(
      fc.property(fc.oneof(change, fc.array(change), hostile), hostile, (value, time) => {
        const body = { entry: [{ time, changes: [{ field: 'account_settings_update', value }] }] };
        expectSound(parseWebhook(Buffer.from(JSON.stringify(body)), 0));
      }),
      { numRuns: 300 },
    );
  });

  it('names no phone number that is not in the webhook', () => {
    const contact = fc.record({ wa_id: hostile, user_id: hostile }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 3 }), fc.array(contact, { maxLength: 3 }), (messages, contacts) => {
        const body = messagesWebhook({ messages, contacts });
        const there = numbersIn(body);
        for (const event of parseWebhook(body, 0).permissions) {
          if ('user' in event && event.user.waId !== null) expect(there).toContain(event.user.waId);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps nothing of what people write, wherever in a message it stands', () => {
    const place = fc.constantFrom(
      'text',
      'image',
      'button',
      'location',
      'contacts',
      'order',
      'referral',
      'errors',
      'any',
    );
    // None of these words can come from anywhere else.
    const said = fc.stringMatching(/^[a-z ]{0,20}SECRET[a-z ]{0,20}$/);
    const inside = fc.oneof(
      said,
      said.map((body) => ({ body, caption: body, id: body })),
      said.map((title) => [{ title, details: { title } }]),
    );
    const written = fc.record({
      from: fc.constant('15550002222'),
      id: fc.constant('wamid.1'),
      type: fc.oneof(said, fc.constantFrom('text', 'system', 'image', 'interactive')),
      contents: fc.dictionary(place, inside),
      interactive: fc.oneof(
        inside,
        said.map((title) => ({ type: title, button_reply: { id: title, title }, nfm_reply: { body: title } })),
        fc.record({ type: fc.constant('call_permission_reply'), call_permission_reply: fc.record({ response: said }) }),
      ),
      name: said,
    });
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 4 }), (all) => {
        const messages = all.map(({ contents, name: _, ...rest }) => ({ ...contents, ...rest }));
        const contacts = all.map(({ name }) => ({ wa_id: '15550002222', profile: { name } }));
        const parsed = parseWebhook(messagesWebhook({ messages, contacts }), 0);
        // Who wrote is noted with the name that the user goes by.
        const withoutNames = JSON.stringify(parsed.messages, (key, value) => (key === 'profile' ? null : value));
        expect(withoutNames).not.toMatch(/secret/i);
        expect(JSON.stringify({ ...parsed, messages: [] })).not.toMatch(/secret/i);
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
        // `webhook` is the body as it came, with whatever else is in it; so are the settings of a number.
        const read = (source: unknown) => {
          const { events, accounts, ...rest } = parseWebhook(source, 7);
          const words = accounts.map((word) => ('calling' in word ? { ...word, calling: null } : word));
          return { ...rest, accounts: words, events: events.map(({ webhook: _, ...event }) => event) };
        };
        expect(read(body)).toEqual(read(webhookBytes(name)));
      }),
    );
  });
});
