import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWebhook } from '../../src/signaling/forward/split-webhook.ts';

const NUMBERS = ['111', '222', '333'];
const DISPLAYS: Readonly<Record<string, string>> = { '15550001111': '111', '15550002222': '222' };
const all = {
  wants: (_number: string): boolean => true,
  numbersShowing: (display: string) => [DISPLAYS[display] ?? []].flat(),
};

const tag = fc.uuid().map((id) => `tag-${id}`);
const number = fc.constantFrom(...NUMBERS);
const callId = fc.constantFrom('wacid.A', 'wacid.B', 'wacid.C');
const user = fc.constantFrom('15550100001', '15550100002', '15550100003');

const call = fc.record({ id: callId, from: user, event: fc.constantFrom('connect', 'terminate'), tag });
const status = fc.record({ id: callId, recipient_id: user, status: fc.constant('RINGING'), tag });
const message = fc.record({ id: fc.constantFrom('wamid.1', 'wamid.2'), from: user, tag });
const metadataOf = (phone_number_id: string) => ({ metadata: { phone_number_id } });
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 3 });

const ofCalls = fc
  .record({ of: number, calls: some(call), statuses: fc.array(status, { maxLength: 2 }) })
  .map(({ of, calls, statuses }) => ({
    field: 'calls',
    value: { messaging_product: 'whatsapp', ...metadataOf(of), calls, ...(statuses.length > 0 && { statuses }) },
  }));
const ofMessages = fc
  .record({ of: number, messages: some(message) })
  .map(({ of, messages }) => ({ field: 'messages', value: { ...metadataOf(of), messages } }));
const ofAccount = fc
  .record({ phone_number: fc.constantFrom(...Object.keys(DISPLAYS)), event: fc.constant('ACCOUNT_RESTRICTION'), tag })
  .map((value) => ({ field: 'account_update', value }));
const ofSettings = fc.record({ of: number, tag }).map(({ of, tag: own }) => ({
  field: 'account_settings_update',
  value: { phone_number_settings: { phone_number_id: of, calling: { tag: own } } },
}));
const change = fc.oneof(ofCalls, ofMessages, ofAccount, ofSettings);
const body = fc
  .array(fc.record({ id: fc.constant('WABA'), time: fc.nat(), changes: some(change) }), { minLength: 1, maxLength: 3 })
  .map((entry) => ({ object: 'whatsapp_business_account', entry }));

/** Every tag with the number and the call that it stands under, in order. */
function tagsIn(value: unknown): { tag: string; of: string; call: string | null }[] {
  const found: { tag: string; of: string; call: string | null }[] = [];
  for (const { changes } of (value as { entry: { changes: { field: string; value: Record<string, never> }[] }[] })
    .entry)
    for (const { field, value: inner } of changes) {
      const of = String(
        inner['metadata']?.['phone_number_id'] ??
          inner['phone_number_settings']?.['phone_number_id'] ??
          DISPLAYS[String(inner['phone_number'])],
      );
      const items = [...list(inner['calls']), ...list(inner['statuses']), ...list(inner['messages'])];
      for (const item of items) found.push({ tag: item.tag, of, call: field === 'calls' ? item.id : null });
      if (items.length === 0)
        found.push(
          ...(JSON.stringify(inner).match(/tag-[0-9a-f-]+/g) ?? []).map((own) => ({ tag: own, of, call: null })),
        );
    }
  return found;
}

function list(value: unknown): readonly { id: string; tag: string }[] {
  return Array.isArray(value) ? value : [];
}

const split = (text: string, options = all) => splitWebhook(Buffer.from(text), options);

describe('a webhook that is handed on', () => {
  it('is split so that the parts together hold everything exactly once, each its own, in order', () => {
    fc.assert(
      fc.property(body, (whole) => {
        const parts = split(JSON.stringify(whole));
        const held = parts.flatMap(({ phoneNumberId, callId: id, body: text }) => {
          const own = tagsIn(JSON.parse(text));
          for (const { of, call: named } of own) expect([of, named]).toEqual([phoneNumberId, id]);
          const order = tagsIn(whole).filter(({ of, call: named }) => of === phoneNumberId && named === id);
          expect(own).toEqual(order);
          return own.map((item) => item.tag);
        });
        expect(held.toSorted()).toEqual(
          tagsIn(whole)
            .map((item) => item.tag)
            .toSorted(),
        );
        const keys = parts.map(({ phoneNumberId, callId: id }) => `${phoneNumberId} ${id}`);
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: 500 },
    );
  });

  it('is the very bytes if all of it is about one number and one call, or none', () => {
    fc.assert(
      fc.property(body, fc.constantFrom(undefined, 1, 2), (whole, indent) => {
        const text = JSON.stringify(whole, null, indent);
        const parts = split(text);
        if (parts.length === 1) expect(parts[0]?.body).toBe(text);
        else for (const part of parts) expect(part.body).not.toBe(text);
      }),
    );
  });

  it('is split again into what it was split into', () => {
    fc.assert(
      fc.property(body, (whole) => {
        for (const part of split(JSON.stringify(whole))) expect(split(part.body)).toEqual([part]);
      }),
    );
  });

  it('shows a number nothing of others, wanted or not', () => {
    fc.assert(
      fc.property(body, number, (whole, wanted) => {
        const parts = split(JSON.stringify(whole), { ...all, wants: (of) => of === wanted });
        const mine = tagsIn(whole).filter(({ of }) => of === wanted);
        expect(parts.flatMap((part) => tagsIn(JSON.parse(part.body))).length).toBe(mine.length);
        for (const part of parts) expect(part.phoneNumberId).toBe(wanted);
      }),
    );
  });

  it('may be anything: nothing is thrown, and what comes out is JSON', () => {
    const json = fc.jsonValue({ maxDepth: 5 }) as fc.Arbitrary<unknown>;
    const value = fc.oneof(
      json,
      fc.record(
        {
          metadata: fc.oneof(
            json,
            number.map((of) => ({ phone_number_id: of })),
          ),
          calls: fc.oneof(json, fc.array(json)),
          statuses: fc.oneof(json, fc.array(fc.record({ id: json }))),
          contacts: fc.oneof(json, fc.array(json)),
          errors: json,
        },
        { requiredKeys: [] },
      ),
    );
    const changes = fc.array(fc.oneof(json, fc.record({ field: fc.constantFrom('calls', 'account_update'), value })));
    fc.assert(
      fc.property(fc.oneof(json, fc.record({ entry: fc.array(fc.oneof(json, fc.record({ changes }))) })), (any) => {
        for (const part of split(JSON.stringify(any))) JSON.parse(part.body);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void splitWebhook(Buffer.from(bytes), all)));
  });
});
