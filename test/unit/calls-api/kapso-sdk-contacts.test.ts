import { buildKapsoFields, GraphApiError, KAPSO_MESSAGE_FIELDS, WhatsAppClient } from '@kapso/whatsapp-cloud-api';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../../src/storage/index.ts';
import { API_KEY, addProject, apiKeyOf, askAsClient, getAsClient, testApi } from '../../support/api-server.ts';
import { T0 } from '../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { dialApi } from '../../support/dial-api.ts';
import { hearMessages, keepMessages, statusOf, textOfAda } from '../../support/message-ear.ts';

const phoneNumberId = PHONE_NUMBER_ID;
const waId = '15550100001';

/** Kapso's own client, with this service where Kapso's proxy would be. */
async function sdk(graphVersion = 'v23.0', base = '/meta/whatsapp') {
  const api = await testApi();
  await api.server.listen({ port: 0, host: '127.0.0.1' });
  const baseUrl = `${api.server.listeningOrigin}${base}`;
  return { ...api, client: new WhatsAppClient({ baseUrl, kapsoApiKey: API_KEY, graphVersion }), baseUrl };
}

async function call({ calls }: Database, user: object = {}, at = T0): Promise<string> {
  const identity = callIdentity({ user: { waId, userId: null, parentUserId: null, name: 'Ada', ...user } });
  await calls.create(identity, 'ringing', at, null);
  return identity.id;
}

async function errorOf(doing: Promise<unknown>): Promise<GraphApiError> {
  const fault: unknown = await doing.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );
  if (fault instanceof GraphApiError) return fault;
  throw fault;
}

describe("Kapso's SDK and contacts", () => {
  it.each([
    ['v23.0', '/meta/whatsapp'],
    ['v24.0', '/api/meta'],
  ])('lists, gets and names them (%s%s)', async (version, base) => {
    const { client, database } = await sdk(version, base);
    await call(database, { userId: 'US.1349' });
    const { data } = await client.contacts.list({ phoneNumberId, fields: buildKapsoFields(['contact_name']) });
    expect(data).toMatchObject([{ waId, profileName: 'Ada', businessScopedUserId: 'US.1349', displayName: null }]);
    const update = { displayName: 'Ms Lovelace', metadata: { tags: ['vip'], accountId: 7 } };
    expect(await client.contacts.update({ phoneNumberId, waId, ...update })).toMatchObject({ success: true });
    expect(await client.contacts.get({ phoneNumberId, waId: '+1 (555) 010-0001' })).toMatchObject({
      id: data[0]?.id,
      ...update,
    });
    expect(await client.contacts.get({ phoneNumberId, waId: 'US.1349' })).toMatchObject({ id: data[0]?.id });
    const [linked] = (await client.calls.list({ phoneNumberId })).data;
    expect(linked).toMatchObject({ whatsappContactId: data[0]?.id, whatsappContact: { displayName: 'Ms Lovelace' } });
  });

  it('finds one by number, and none of customers, whom nobody has', async () => {
    const { client, database } = await sdk();
    await call(database);
    await call(database, { waId: '15550100002' });
    const count = async (filter: object) => (await client.contacts.list({ phoneNumberId, ...filter })).data.length;
    expect(await count({ waId: '+15550100001' })).toBe(1);
    expect(await count({ waId: '15550100009' })).toBe(0);
    expect(await count({ hasCustomer: false })).toBe(2);
    expect(await count({ hasCustomer: true })).toBe(0);
    expect(await count({ customerId: '00000000-0000-4000-8000-000000000000' })).toBe(0);
    expect(await count({ somethingNew: 'x' })).toBe(2);
  });

  it('is told what is wrong', async () => {
    const { client, database } = await sdk();
    await call(database);
    const missing = await errorOf(client.contacts.get({ phoneNumberId, waId: '15550100009' }));
    expect(missing).toMatchObject({ httpStatus: 404, code: 100, category: 'parameter' });
    const long = await errorOf(client.contacts.update({ phoneNumberId, waId, displayName: 'x'.repeat(257) }));
    expect(long).toMatchObject({ httpStatus: 422, details: expect.stringContaining('display_name must be a text') });
    const foreign = await errorOf(client.contacts.list({ phoneNumberId: '999' }));
    expect(foreign).toMatchObject({ httpStatus: 400, errorSubcode: 33 });
  });

  it('pages through 250 of them while others come: each once, none missed', async () => {
    const { client, database } = await sdk();
    const number = (n: number) => `1555100${String(n).padStart(4, '0')}`;
    await Promise.all(
      Array.from({ length: 250 }, (_, n) => call(database, { waId: number(n) }, T0 + Math.floor(n / 7))),
    );
    const seen: unknown[] = [];
    let after: string | undefined;
    do {
      const page = await client.contacts.list({ phoneNumberId, limit: 40, ...(after !== undefined && { after }) });
      seen.push(...page.data.map((contact) => contact.waId));
      await call(database, { waId: number(5_000 + seen.length) }, T0 + 1_000);
      after = page.paging.cursors.after ?? undefined;
    } while (after !== undefined);
    expect(seen).toHaveLength(250);
    expect(new Set(seen)).toEqual(new Set(Array.from({ length: 250 }, (_, n) => number(n))));
  });

  it('follows the links between the pages', async () => {
    const { client, database } = await sdk();
    for (const n of [1, 2, 3]) await call(database, { waId: `1555010000${n}` }, T0 + n);
    const first = await client.contacts.list({ phoneNumberId, limit: 2 });
    const headers = { 'x-api-key': API_KEY };
    const second = (await (await fetch(first.paging.next!, { headers })).json()) as typeof first;
    expect(second).toMatchObject({ data: [{ wa_id: '15550100001' }], paging: { next: null } });
    const back = (await (await fetch(second.paging.previous!, { headers })).json()) as typeof first;
    expect(back.data).toMatchObject([{ wa_id: '15550100003' }, { wa_id: '15550100002' }]);
  });
});

describe("Kapso's SDK and conversations", () => {
  it.each([
    ['v23.0', '/meta/whatsapp'],
    ['v24.0', '/api/meta'],
  ])('lists, gets, ends and reopens them (%s%s)', async (version, base) => {
    const { client, database } = await sdk(version, base);
    await call(database);
    const { data } = await client.conversations.list({ phoneNumberId, status: 'ACTIVE', phoneNumber: `+${waId}` });
    expect(data).toMatchObject([
      { phoneNumber: waId, phoneNumberId, status: 'active', lastActiveAt: new Date(T0).toISOString() },
    ]);
    const [{ id: conversationId } = { id: '' }] = data;
    expect(await client.conversations.updateStatus({ conversationId, status: 'ended' })).toMatchObject({
      success: true,
    });
    expect(await client.conversations.get({ conversationId })).toMatchObject({ id: conversationId, status: 'ended' });
    expect((await client.conversations.list({ phoneNumberId, status: 'active' })).data).toEqual([]);
    await client.conversations.updateStatus({ conversationId, status: 'Active' });
    await client.conversations.updateStatus({ conversationId, status: 'ended' });
    const id = await call(database, {}, Date.now() + 1_000);
    const taken = await errorOf(client.conversations.updateStatus({ conversationId, status: 'active' }));
    expect(taken).toMatchObject({ httpStatus: 409 });
    expect(await client.calls.get({ phoneNumberId, callId: id })).toMatchObject({
      whatsappConversationId: expect.not.stringMatching(conversationId),
    });
  });

  it('finds them by when they were last active', async () => {
    const { client, database } = await sdk();
    await call(database);
    const iso = (at: number) => new Date(at).toISOString();
    const count = async (filter: object) => (await client.conversations.list({ phoneNumberId, ...filter })).data.length;
    expect(await count({ lastActiveSince: iso(T0) })).toBe(1);
    expect(await count({ lastActiveSince: iso(T0 + 1) })).toBe(0);
    expect(await count({ lastActiveUntil: iso(T0) })).toBe(1);
    expect(await count({ lastActiveUntil: iso(T0 - 1) })).toBe(0);
  });

  it("has Kapso's fields that it asks for", async () => {
    const { client, database } = await sdk();
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello'));
    const kapsoOf = async (fields?: string) =>
      (await client.conversations.list({ phoneNumberId, ...(fields !== undefined && { fields }) })).data[0]?.kapso;
    const all = {
      contactName: 'Ada',
      messagesCount: 1,
      lastMessageId: 'wamid.1',
      lastMessageType: 'text',
      lastMessageTimestamp: new Date(T0).toISOString(),
      lastMessageText: 'Hello',
      lastInboundAt: new Date(T0).toISOString(),
      lastOutboundAt: null,
    };
    expect(await kapsoOf()).toEqual(all);
    expect(await kapsoOf('kapso(default)')).toEqual(all);
    expect(await kapsoOf(buildKapsoFields(['contact_name']))).toEqual({ contactName: 'Ada' });
    expect(await kapsoOf(buildKapsoFields(['messages_count', 'unknown']))).toEqual({ messagesCount: 1 });
    expect(await kapsoOf('kapso()')).toBeUndefined();
  });

  it.each([{}, { status: 'paused' }, { status: null }])('is told that %j is no status', async (body) => {
    const { server, database } = await testApi();
    await call(database);
    const list = await getAsClient(server, `/meta/whatsapp/${phoneNumberId}/conversations`);
    const url = `/meta/whatsapp/v23.0/conversations/${String(list.body.data[0].id)}`;
    expect((await askAsClient(server, 'PATCH', url, body)).status).toBe(422);
    const missing = '/meta/whatsapp/v23.0/conversations/9b0c7a52-0000-4000-8000-000000000000';
    expect((await askAsClient(server, 'PATCH', missing, { status: 'ended' })).status).toBe(404);
    expect((await getAsClient(server, missing)).status).toBe(404);
  });
});

describe("Kapso's SDK and messages", () => {
  it('finds an empty list and no error where a number keeps none', async () => {
    const { client, database } = await sdk();
    await hearMessages(database, textOfAda('wamid.1', 'Hello'));
    expect(await client.messages.query({ phoneNumberId })).toMatchObject({ data: [], paging: { next: null } });
    const missing = await errorOf(client.messages.get({ phoneNumberId, messageId: 'wamid.1' }));
    expect(missing).toMatchObject({ httpStatus: 404 });
  });

  it("reads what was written, with all of Kapso's fields", async () => {
    const { client, database } = await sdk();
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello'));
    await database.messageKeeper.onSent(
      phoneNumberId,
      {
        messaging_product: 'whatsapp',
        to: waId,
        type: 'image',
        image: { link: 'https://example.com/a.png', caption: 'A' },
      },
      { contacts: [{ wa_id: waId }], messages: [{ id: 'wamid.2' }] },
      T0 + 1_000,
    );
    await hearMessages(database, statusOf('wamid.2', 'read'));
    const { data } = await client.messages.query({ phoneNumberId, fields: buildKapsoFields() });
    expect(data).toMatchObject([
      {
        id: 'wamid.2',
        type: 'image',
        to: waId,
        image: { link: 'https://example.com/a.png' },
        kapso: {
          direction: 'outbound',
          status: 'read',
          hasMedia: true,
          mediaUrl: 'https://example.com/a.png',
          content: 'A',
        },
      },
      {
        id: 'wamid.1',
        type: 'text',
        timestamp: String(T0 / 1_000),
        from: waId,
        text: { body: 'Hello' },
        kapso: { direction: 'inbound', status: 'delivered', content: 'Hello', contactName: 'Ada', hasMedia: false },
      },
    ]);
    const conversationId = String(data[0]?.kapso?.whatsappConversationId);
    const names = KAPSO_MESSAGE_FIELDS.map((name) =>
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    );
    expect(Object.keys(data[0]?.kapso ?? {}).sort()).toEqual([...names].sort());
    expect((await client.messages.listByConversation({ phoneNumberId, conversationId })).data).toHaveLength(2);
    const one = await client.messages.get({ phoneNumberId, messageId: 'wamid.1', fields: 'kapso(direction)' });
    expect(one).toMatchObject({ id: 'wamid.1', kapso: { direction: 'inbound' } });
    expect(
      (await client.messages.get({ phoneNumberId, messageId: 'wamid.1', fields: 'kapso()' })).kapso,
    ).toBeUndefined();
    expect((await client.messages.query({ phoneNumberId, direction: 'INBOUND' })).data).toHaveLength(1);
    const until = new Date(T0).toISOString();
    expect((await client.messages.query({ phoneNumberId, until })).data).toMatchObject([{ id: 'wamid.1' }]);
    expect((await client.messages.query({ phoneNumberId, status: 'READ' })).data).toMatchObject([{ id: 'wamid.2' }]);
  });

  it('finds what was sent through this service, as it was sent', async () => {
    const api = await dialApi();
    await keepMessages(api.database);
    await api.database.permissions.windowOpened(phoneNumberId, { waId, userId: null }, api.clock.now() + 60_000);
    await api.server.listen({ port: 0, host: '127.0.0.1' });
    const baseUrl = `${api.server.listeningOrigin}/meta/whatsapp`;
    const client = new WhatsAppClient({ baseUrl, kapsoApiKey: API_KEY });
    const { messages } = await client.messages.sendText({ phoneNumberId, to: '+15550100001', body: 'Hello' });
    await client.messages.sendInteractiveCallPermission({
      phoneNumberId,
      to: '+15550100001',
      bodyText: 'May we call you?',
      parameters: { phoneNumber: '15550100000' },
    });
    const { data } = await client.messages.query({ phoneNumberId });
    expect(data.map(({ type, to, kapso }) => [type, to, kapso?.content, kapso?.status]).sort()).toEqual([
      ['interactive', waId, 'May we call you?', 'pending'],
      ['text', waId, 'Hello', 'pending'],
    ]);
    expect(data.map(({ id }) => id)).toContain(messages[0]?.id);
    expect((await client.conversations.list({ phoneNumberId })).data).toHaveLength(1);
  });

  it('pages through 250 of them while others come: each once, none missed', async () => {
    const { client, database } = await sdk();
    await keepMessages(database);
    const ids = Array.from({ length: 250 }, (_, n) => `wamid.${n}`);
    await Promise.all(ids.map((id, n) => hearMessages(database, textOfAda(id, 'Hello'), T0 + Math.floor(n / 9))));
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await client.messages.query({ phoneNumberId, limit: 60, ...(after !== undefined && { after }) });
      seen.push(...page.data.map(({ id }) => id));
      await hearMessages(database, textOfAda(`wamid.late.${seen.length}`, 'Hello'), T0 + 1_000);
      after = page.paging.cursors.after ?? undefined;
    } while (after !== undefined);
    expect([...seen].sort()).toEqual([...ids].sort());
  });
});

describe('what another project has', () => {
  it('is not there', async () => {
    const { server, database } = await testApi();
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello'));
    const base = `/meta/whatsapp/v23.0`;
    const own = await getAsClient(server, `${base}/${phoneNumberId}/conversations`);
    const conversation = `${base}/conversations/${String(own.body.data[0].id)}`;
    const { id: projectId } = await addProject(database);
    const headers = { 'x-api-key': await apiKeyOf(database, { projectId }) };
    for (const path of ['contacts', `contacts/${waId}`, 'conversations', 'messages', 'messages/wamid.1']) {
      const url = `${base}/${phoneNumberId}/${path}`;
      expect([path, (await getAsClient(server, url, headers)).body.error.error_subcode]).toEqual([path, 33]);
    }
    expect((await getAsClient(server, conversation, headers)).status).toBe(404);
    const ended = await server.inject({ method: 'PATCH', url: conversation, headers, payload: { status: 'ended' } });
    expect(ended.statusCode).toBe(404);
    expect((await getAsClient(server, conversation)).body.data.status).toBe('active');
  });
});
