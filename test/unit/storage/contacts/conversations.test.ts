import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import type { Conversation, ConversationQuery } from '../../../../src/calls-api/ports.ts';
import type { Database } from '../../../../src/storage/index.ts';
import { addNumber, addProject } from '../../../support/api-server.ts';
import { T0 } from '../../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { DATABASES, rowsIn } from '../../../support/databases.ts';
import { allow, ask, dialOrder, USER } from '../../../support/dial-order.ts';
import { hearMessages, openWithNumber, textOfAda } from '../../../support/message-ear.ts';
import { hearAll, toldIn } from '../../../support/told.ts';

const MINUTE = 60_000;
const ADAS_ID = 'US.1349';
const QUERY: ConversationQuery = {
  projectId: DEFAULT_PROJECT_ID,
  phoneNumberId: PHONE_NUMBER_ID,
  limit: 100,
  after: null,
  before: null,
  status: null,
  user: null,
  lastActiveSince: null,
  lastActiveUntil: null,
  withMessages: false,
};

async function call({ calls }: Database, at = T0, user: object = {}): Promise<string> {
  const identity = callIdentity({ user: { ...USER, parentUserId: null, name: 'Ada', ...user } });
  await calls.create(identity, 'ringing', at, null);
  return identity.id;
}

async function list({ conversations }: Database, query: Partial<ConversationQuery> = {}) {
  return (await conversations.list({ ...QUERY, ...query })).data;
}

async function only(database: Database): Promise<Conversation> {
  const found = await list(database);
  expect(found).toHaveLength(1);
  return found[0]!;
}

async function end({ conversations }: Database, { id }: Conversation, at: number) {
  return await conversations.setStatus(DEFAULT_PROJECT_ID, id, 'ended', at);
}

describe.each(DATABASES)('a conversation ($name)', ({ fresh }) => {
  it('begins with the first call, and goes on with the next', async () => {
    const database = await openWithNumber(await fresh());
    const first = await call(database, T0);
    await call(database, T0 + MINUTE);
    const conversation = await only(database);
    expect(conversation).toMatchObject({
      phoneNumberId: PHONE_NUMBER_ID,
      status: 'active',
      createdAt: T0,
      lastActiveAt: T0 + MINUTE,
      endedAt: null,
      user: USER,
      contact: { waId: USER.waId, profileName: 'Ada', displayName: 'Ada' },
      messages: null,
    });
    expect(await database.calls.find(DEFAULT_PROJECT_ID, first)).toMatchObject({
      whatsapp_conversation_id: conversation.id,
      whatsapp_conversation: {
        id: conversation.id,
        phone_number: USER.waId,
        status: 'active',
        last_active_at: new Date(T0 + MINUTE).toISOString(),
      },
    });
  });

  it('begins with a message of the user, which is not kept', async () => {
    const database = await openWithNumber(await fresh());
    await hearMessages(database, textOfAda('wamid.1', 'Hello', T0), T0 + 700);
    expect(await only(database)).toMatchObject({ createdAt: T0 + 700, lastActiveAt: T0, user: USER });
  });

  it('is not begun or moved by a note of WhatsApp in the chat', async () => {
    const database = await openWithNumber(await fresh());
    const reply = {
      type: 'call_permission_reply',
      call_permission_reply: { response: 'reject', response_source: 'automatic' },
    };
    const note = { from: USER.waId, id: 'wamid.1', type: 'interactive', interactive: reply };
    await hearMessages(database, { messages: [note] });
    expect(await list(database)).toEqual([]);
    const answer = { ...reply, call_permission_reply: { response: 'reject', response_source: 'user_action' } };
    await hearMessages(database, { messages: [{ ...note, interactive: answer }] });
    expect(await list(database)).toHaveLength(1);
  });

  it('has a dial from the moment it waits, and the request for permission as soon as it was sent', async () => {
    const place = await fresh();
    const database = await openWithNumber(place);
    const order = dialOrder();
    const { requestId } = (await database.permissions.reserve(order, T0, ask))!;
    const conversation = await only(database);
    expect(await database.calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      whatsapp_conversation_id: conversation.id,
    });
    const requests = async () => await rowsIn(place, 'select conversation_id from permission_requests');
    expect(await requests()).toEqual([{ conversation_id: null }]);
    await database.permissions.requestSent(requestId!, 'wamid.1', T0 + MINUTE);
    expect(await requests()).toEqual([{ conversation_id: conversation.id }]);
    expect((await only(database)).lastActiveAt).toBe(T0 + MINUTE);
  });

  it('has a dial that waited when it is placed, though another was ended meanwhile', async () => {
    const database = await openWithNumber(await fresh());
    const order = dialOrder();
    await database.permissions.wait({ order, state: 'scheduled', nextAt: T0 + MINUTE }, T0);
    const before = await only(database);
    await end(database, before, T0 + 1);
    await database.permissions.reserve(order, T0 + MINUTE, allow);
    const [now] = await list(database);
    expect(now).toMatchObject({ status: 'active', createdAt: T0 + MINUTE });
    expect(now?.id).not.toBe(before.id);
    expect(await database.calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      whatsapp_conversation_id: now?.id,
    });
  });

  it('is another one after its end', async () => {
    const database = await openWithNumber(await fresh());
    const first = await call(database, T0);
    const ended = await end(database, await only(database), T0 + MINUTE);
    expect(ended).toMatchObject({ status: 'ended', endedAt: T0 + MINUTE, updatedAt: T0 + MINUTE });
    await call(database, T0 + 2 * MINUTE);
    const [second, old] = await list(database);
    expect(second).toMatchObject({ status: 'active', createdAt: T0 + 2 * MINUTE });
    expect(old).toEqual({ ...(ended as Conversation), contact: old!.contact, messages: null });
    expect(await database.calls.find(DEFAULT_PROJECT_ID, first)).toMatchObject({
      whatsapp_conversation: { id: old?.id, status: 'ended' },
    });
  });

  it.each([
    ['does not begin', T0 + MINUTE - 1_000, 1],
    ['begins', T0 + MINUTE - 999, 2],
  ])('after its end a message that comes late %s another', async (_, said, count) => {
    const database = await openWithNumber(await fresh());
    await call(database, T0);
    await end(database, await only(database), T0 + MINUTE);
    const message = { from: USER.waId, id: 'wamid.1', type: 'text', timestamp: String(said / 1_000) };
    await hearMessages(database, { messages: [message] }, T0 + 2 * MINUTE);
    expect(await list(database)).toHaveLength(count);
  });

  it('may be gone on with, unless there is a newer one', async () => {
    const database = await openWithNumber(await fresh());
    const { conversations } = database;
    await call(database, T0);
    const first = await only(database);
    await end(database, first, T0 + 1);
    const again = await conversations.setStatus(DEFAULT_PROJECT_ID, first.id, 'active', T0 + 2);
    expect(again).toMatchObject({ status: 'active', endedAt: null, updatedAt: T0 + 2 });
    await end(database, first, T0 + 3);
    await call(database, T0 + 4);
    expect(await conversations.setStatus(DEFAULT_PROJECT_ID, first.id, 'active', T0 + 5)).toBe('taken');
    expect(await conversations.setStatus(DEFAULT_PROJECT_ID, 'nobody', 'ended', T0)).toBeNull();
  });

  it('is told to others when it begins and whenever it ends', async () => {
    const place = await fresh();
    const database = await openWithNumber(place);
    await hearAll(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello', T0));
    const conversation = await only(database);
    await end(database, conversation, T0 + 1);
    await end(database, conversation, T0 + 2);
    await database.conversations.setStatus(DEFAULT_PROJECT_ID, conversation.id, 'active', T0 + 3);
    await end(database, conversation, T0 + 4);
    const told = (await toldIn(place)).filter(({ type }) => type.startsWith('whatsapp.conversation.'));
    expect(told.map(({ type, key }) => [type, key])).toEqual([
      ['whatsapp.conversation.created', conversation.id],
      ['whatsapp.conversation.ended', conversation.id],
      ['whatsapp.conversation.ended', conversation.id],
    ]);
    expect(told[1]?.body).toMatchObject({
      phone_number_id: PHONE_NUMBER_ID,
      conversation: { id: conversation.id, phone_number: USER.waId, status: 'ended' },
      contact: { id: conversation.contact?.id, profile_name: 'Ada' },
    });
  });

  it('of two pairs that become one stays, and one of two active ones ends', async () => {
    const database = await openWithNumber(await fresh());
    await call(database, T0);
    const elder = await only(database);
    await end(database, elder, T0 + 1);
    await call(database, T0 + 2);
    const byId = await call(database, T0 + 3, { waId: null, userId: ADAS_ID });
    const [younger, active] = await list(database);
    await call(database, T0 + 4, { userId: ADAS_ID });
    const after = await list(database);
    expect(after.map(({ id, status }) => [id, status])).toEqual([
      [younger?.id, 'ended'],
      [active?.id, 'active'],
      [elder.id, 'ended'],
    ]);
    expect(new Set(after.map(({ contact }) => contact?.id)).size).toBe(1);
    expect(after[1]?.lastActiveAt).toBe(T0 + 4);
    expect(await database.calls.find(DEFAULT_PROJECT_ID, byId)).toMatchObject({
      whatsapp_conversation: { id: younger?.id, phone_number: USER.waId, status: 'ended' },
    });
  });

  it('ends when its number passes to another project, which begins its own', async () => {
    const database = await openWithNumber(await fresh());
    await call(database, T0);
    const { id: projectId } = await addProject(database);
    await addNumber(database, PHONE_NUMBER_ID, projectId);
    await call(database, T0 + 1);
    const [theirs] = await list(database, { projectId });
    expect(await only(database)).toMatchObject({ status: 'ended', endedAt: T0 + 1, contact: null });
    expect(theirs).toMatchObject({ status: 'active', createdAt: T0 + 1 });
    expect(await database.conversations.find(DEFAULT_PROJECT_ID, theirs!.id)).toBeNull();
    expect(await database.conversations.setStatus(DEFAULT_PROJECT_ID, theirs!.id, 'ended', T0)).toBeNull();
  });

  it('is found by what it is filtered by', async () => {
    const database = await openWithNumber(await fresh());
    await call(database, T0);
    await end(database, await only(database), T0 + 1);
    await call(database, T0 + MINUTE, { waId: '5491123456789', userId: ADAS_ID });
    const count = async (query: Partial<ConversationQuery>) => (await list(database, query)).length;
    expect(await count({ status: 'active' })).toBe(1);
    expect(await count({ status: 'ended' })).toBe(1);
    expect(await count({ lastActiveSince: T0 })).toBe(2);
    expect(await count({ lastActiveSince: T0 + MINUTE })).toBe(1);
    expect(await count({ lastActiveUntil: T0 + MINUTE - 1 })).toBe(1);
    expect(await count({ user: { waId: '541123456789', userId: null } })).toBe(1);
    expect(await count({ user: { waId: null, userId: ADAS_ID } })).toBe(1);
    expect(await count({ user: { waId: '4915112345678', userId: null } })).toBe(0);
    expect(await count({ phoneNumberId: '999' })).toBe(0);
  });
});
