import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toMessageAnswer } from '../../src/calls-api/graph/message-answer.ts';
import { partsOf } from '../../src/calls-api/graph/message-content.ts';
import { deliverMessages } from '../../src/signaling/deliver-messages.ts';
import { type MessageSink, parseWebhook } from '../../src/signaling/index.ts';
import { readSent } from '../../src/storage/contacts/sent-message.ts';
import { messagesWebhook } from '../support/webhook.ts';

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
const TYPES = [
  'text',
  'image',
  'interactive',
  'button',
  'location',
  'reaction',
  'order',
  'template',
  'contacts',
  '__proto__',
];
const PARTS = [
  'body',
  'caption',
  'text',
  'title',
  'nfm_reply',
  'response_json',
  'button_reply',
  'name',
  'latitude',
  'link',
];
const part = fc.dictionary(fc.constantFrom(...PARTS), fc.oneof(json, fc.string()));
const message = fc.dictionary(
  fc.constantFrom('id', 'type', 'from', 'from_user_id', 'timestamp', ...TYPES),
  fc.oneof(json, part),
);
const status = fc.dictionary(
  fc.constantFrom('id', 'status', 'timestamp', 'recipient_id', 'recipient_user_id', 'errors'),
  json,
);
const contact = fc.dictionary(fc.constantFrom('wa_id', 'user_id', 'parent_user_id', 'profile'), json);

/** What reaches a sink of a webhook. */
async function heard(value: Readonly<Record<string, unknown>>, keeps: boolean) {
  const calls: Parameters<MessageSink['wrote']>[] = [];
  const statuses: Parameters<MessageSink['status']>[] = [];
  const sink: MessageSink = {
    keeps: () => keeps,
    wrote: async (...call) => void calls.push(call),
    status: async (...call) => void statuses.push(call),
  };
  const { messages } = parseWebhook(messagesWebhook(value), 1_000, sink.keeps);
  await deliverMessages(
    messages,
    sink,
    () => true,
    (handling) => handling,
    () => 7,
  );
  return { calls, statuses };
}

const usual = { id: 'wamid.1', from: '15550002222', type: 'text', text: { body: 'Hello' } };
const webhook = fc.record({
  messages: fc.array(
    fc.oneof(
      json,
      message,
      message.map((fields) => ({ ...usual, ...fields })),
    ),
  ),
  statuses: fc.array(
    fc.oneof(
      json,
      status.map((fields) => ({ id: 'wamid.2', status: 'failed', ...fields })),
    ),
  ),
  contacts: fc.oneof(json, fc.array(contact)),
});

describe('messages of any shape', () => {
  it('reach the sink with a user and a time, and can be written down', async () => {
    await fc.assert(
      fc.asyncProperty(webhook, async (value) => {
        const { calls, statuses } = await heard(value, true);
        for (const [{ at, user, profile }, written] of calls) {
          expect([user.waId, user.userId]).not.toEqual([null, null]);
          expect(new Date(at).getTime()).toBe(at);
          expect(Object.keys(profile).sort()).toEqual(['name', 'parentUserId', 'username']);
          if (written === null) continue;
          expect(written.type).toMatch(/^[a-z_]{1,40}$/);
          expect(written.id.length).toBeLessThanOrEqual(512);
          expect(JSON.stringify(written.content).length).toBeLessThanOrEqual(100_000);
        }
        for (const [word] of statuses) {
          expect(new Date(word.at).getTime()).toBe(word.at);
          expect(JSON.stringify(word.errors)).toMatch(/^\[/);
        }
      }),
    );
  });

  it('say nothing but who wrote when the number keeps none', async () => {
    await fc.assert(
      fc.asyncProperty(webhook, async (value) => {
        const { calls, statuses } = await heard(value, false);
        expect(statuses).toEqual([]);
        for (const [author, written] of calls) {
          expect(written).toBeNull();
          expect(Object.keys(author).sort()).toEqual(['at', 'phoneNumberId', 'profile', 'user']);
        }
      }),
    );
  });

  it('are not kept whole if they are too deep to be written down', async () => {
    let deep: unknown = 'x';
    for (let n = 0; n < 20_000; n++) deep = [deep];
    const { calls } = await heard({ messages: [{ ...usual, text: { body: deep } }] }, true);
    expect(calls).toMatchObject([[{}, { id: 'wamid.1', type: 'text', content: {} }, 7]]);
  });

  it('have parts, and an answer that keeps their own fields', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TYPES), message, (type, content) => {
        const { content: words } = partsOf(type, content);
        if (words !== null) expect(typeof words).toBe('string');
        const stored = { ...STORED, type, content };
        const { kapso, ...record } = toMessageAnswer(stored, 'all');
        expect(record).toMatchObject({ id: 'wamid.1', type, from: '15550002222', timestamp: '1' });
        expect(kapso?.whatsapp_conversation_id).toBe('c');
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
    );
  });

  it('that were sent are read without a fault, whatever client and Graph say', () => {
    const loose = fc.oneof(
      json,
      fc.dictionary(fc.constantFrom('to', 'recipient', 'type', 'status', 'message_id'), json),
    );
    const answer = fc.oneof(
      json,
      fc.record({ contacts: fc.array(contact), messages: fc.array(fc.record({ id: json })) }),
    );
    fc.assert(
      fc.property(loose, answer, (request, said) => {
        const sent = readSent(request, said);
        if (sent.type !== 'message') return;
        const { user, type, id } = sent.message;
        expect([user.waId, user.userId]).not.toEqual([null, null]);
        expect(type).toMatch(/^[a-z_]{1,40}$/);
        expect(id).not.toBe('');
      }),
    );
  });
});

const STORED = {
  id: 'wamid.1',
  phoneNumberId: '1',
  conversationId: 'c',
  direction: 'inbound',
  status: 'delivered',
  errors: null,
  sentAt: 1_999,
  createdAt: 0,
  user: { waId: '15550002222', userId: null },
  contactName: null,
} as const;
