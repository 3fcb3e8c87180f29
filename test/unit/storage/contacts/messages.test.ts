import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import type { MessageQuery, StoredMessage } from '../../../../src/calls-api/ports.ts';
import type { Database } from '../../../../src/storage/index.ts';
import { addNumber, addProject } from '../../../support/api-server.ts';
import { T0 } from '../../../support/call.ts';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { DATABASES, everythingIn, rowsIn } from '../../../support/databases.ts';
import { hearMessages, keepMessages, openWithNumber, statusOf, textOfAda } from '../../../support/message-ear.ts';

const MINUTE = 60_000;
const ADA = '15550100001';
const QUERY: MessageQuery = {
  projectId: DEFAULT_PROJECT_ID,
  phoneNumberId: PHONE_NUMBER_ID,
  limit: 100,
  after: null,
  before: null,
  conversationId: null,
  direction: null,
  status: null,
  since: null,
  until: null,
};
const TEXT = {
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to: ADA,
  type: 'text',
  text: { body: 'Hi' },
};

async function list({ messages }: Database, query: Partial<MessageQuery> = {}): Promise<readonly StoredMessage[]> {
  return (await messages.list({ ...QUERY, ...query })).data;
}

async function sent({ messageKeeper }: Database, id: string | null, request: object = TEXT, at = T0): Promise<void> {
  const answer = { contacts: [{ input: ADA, wa_id: ADA }], messages: id === null ? [] : [{ id }] };
  await messageKeeper.onSent(PHONE_NUMBER_ID, request, answer, at);
}

/** The message of a webhook. */
function firstOf(value: Readonly<Record<string, unknown>>): unknown {
  return (value['messages'] as readonly unknown[])[0];
}

describe.each(DATABASES)('the messages of a number ($name)', ({ fresh }) => {
  it('are not kept, in nothing that is stored, unless the number is told to', async () => {
    const place = await fresh();
    const database = await openWithNumber(place);
    await hearMessages(database, textOfAda('wamid.XYLOPHONEIN', 'the xylophone word'));
    await sent(database, 'wamid.XYLOPHONEOUT', { ...TEXT, text: { body: 'the xylophone answer' } });
    await hearMessages(database, statusOf('wamid.XYLOPHONEOUT', 'delivered'));
    await hearMessages(database, statusOf('wamid.XYLOPHONEELSEWHERE', 'failed', { errors: [{ code: 131047 }] }));
    expect(await list(database)).toEqual([]);
    expect(await rowsIn(place, 'select * from messages')).toEqual([]);
    const stored = await everythingIn(place);
    expect(stored).toContain(ADA);
    expect(stored).not.toMatch(/xylophone/i);
  });

  it('are kept as they came and as they were sent, each in the conversation of its user', async () => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello', T0), T0 + 700);
    await sent(database, 'wamid.2', TEXT, T0 + MINUTE);
    const [conversation] = (
      await database.conversations.list({
        ...QUERY,
        user: null,
        lastActiveSince: null,
        lastActiveUntil: null,
        withMessages: true,
        status: null,
      })
    ).data;
    const [answer, question] = await list(database);
    expect(question).toEqual({
      id: 'wamid.1',
      phoneNumberId: PHONE_NUMBER_ID,
      conversationId: conversation?.id,
      direction: 'inbound',
      type: 'text',
      status: 'delivered',
      content: firstOf(textOfAda('wamid.1', 'Hello', T0)),
      errors: null,
      sentAt: T0,
      createdAt: T0 + 700,
      user: { waId: ADA, userId: null },
      contactName: 'Ada',
    });
    expect(answer).toMatchObject({
      id: 'wamid.2',
      direction: 'outbound',
      status: 'pending',
      content: { to: ADA, type: 'text', text: { body: 'Hi' } },
      sentAt: T0 + MINUTE,
      conversationId: conversation?.id,
    });
    expect(answer?.content).not.toHaveProperty('messaging_product');
    expect(conversation).toMatchObject({
      lastActiveAt: T0 + MINUTE,
      messages: { count: 2, last: answer, lastInboundAt: T0, lastOutboundAt: T0 + MINUTE },
    });
  });

  it('are kept once, however often Meta tells of them, and are no new sign of life then', async () => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello', T0));
    const [{ conversationId } = { conversationId: '' }] = await list(database);
    await database.conversations.setStatus(DEFAULT_PROJECT_ID, conversationId, 'ended', T0 + 1);
    await hearMessages(database, textOfAda('wamid.1', 'Hello', T0), T0 + 9);
    expect(await list(database)).toHaveLength(1);
    expect(await database.conversations.find(DEFAULT_PROJECT_ID, conversationId)).toMatchObject({ status: 'ended' });
  });

  it.each([
    ['in order', ['sent', 'delivered', 'read'], 'read'],
    ['in another order', ['read', 'sent', 'delivered'], 'read'],
    ['twice', ['delivered', 'delivered'], 'delivered'],
    ['of what Meta will think of next', ['sent', 'played'], 'sent'],
    ['of a failure', ['sent', 'failed', 'delivered'], 'failed'],
  ])('have the status that was said last, if statuses come %s', async (_, statuses, status) => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    await sent(database, 'wamid.1');
    for (const each of statuses) await hearMessages(database, statusOf('wamid.1', each));
    expect(await list(database)).toMatchObject([{ id: 'wamid.1', status }]);
  });

  it('say why they failed', async () => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    await sent(database, 'wamid.1');
    const errors = [{ code: 131047, title: 'Re-engagement message' }];
    await hearMessages(database, statusOf('wamid.1', 'failed', { errors }));
    expect(await list(database)).toMatchObject([{ status: 'failed', errors }]);
  });

  it('are whole though the status came before the answer of Graph', async () => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    await hearMessages(database, statusOf('wamid.1', 'delivered'));
    expect(await list(database)).toMatchObject([{ id: 'wamid.1', type: 'unknown', status: 'delivered', content: {} }]);
    await sent(database, 'wamid.1');
    expect(await list(database)).toMatchObject([
      { id: 'wamid.1', type: 'text', status: 'delivered', content: { text: { body: 'Hi' } } },
    ]);
  });

  it('are read when the business marks them so', async () => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello'));
    await sent(database, null, { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.1' });
    expect(await list(database)).toMatchObject([{ id: 'wamid.1', status: 'read' }]);
  });

  it.each([
    ['to a group', { ...TEXT, recipient_type: 'group', to: 'group-1' }],
    ['to nobody', { messaging_product: 'whatsapp', type: 'text' }],
    ['of no shape', 7],
  ])('are not there when something is sent %s', async (_, request) => {
    const place = await fresh();
    const database = await openWithNumber(place);
    await keepMessages(database);
    await database.messageKeeper.onSent(PHONE_NUMBER_ID, request, { messages: [{ id: 'wamid.1' }] }, T0);
    expect(await rowsIn(place, 'select id from messages')).toEqual([]);
    expect(await rowsIn(place, 'select id from permission_pairs')).toEqual([]);
  });

  it('begin no rows of monstrous size', async () => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'x'.repeat(200_000)));
    await hearMessages(database, textOfAda(`wamid.${'x'.repeat(5_000)}`, 'Hello'));
    await sent(database, 'wamid.2', { ...TEXT, text: { body: 'x'.repeat(200_000) } });
    await sent(database, `wamid.${'y'.repeat(5_000)}`);
    expect((await list(database)).map(({ id, type, content }) => [id, type, content])).toEqual([
      [expect.stringMatching(/^wamid\.[12]$/), 'text', {}],
      [expect.stringMatching(/^wamid\.[12]$/), 'text', {}],
    ]);
  });

  it('stay when the number is told to keep no more, until they are old', async () => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    for (let n = 0; n < 5; n++) await hearMessages(database, textOfAda(`wamid.${n}`, 'Hello'), T0 + n);
    await keepMessages(database, false);
    await hearMessages(database, textOfAda('wamid.new', 'Hello'), T0 + 9);
    expect(await list(database)).toHaveLength(5);
    expect(await database.messages.prune(T0 + 3, 2)).toBe(2);
    expect(await database.messages.prune(T0 + 3, 2)).toBe(1);
    expect(await database.messages.prune(T0 + 3, 2)).toBe(0);
    expect((await list(database)).map(({ id }) => id)).toEqual(['wamid.4', 'wamid.3']);
  });

  it('are found by what they are filtered by, and by their id', async () => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello', T0), T0 + 1);
    await sent(database, 'wamid.2', TEXT, T0 + MINUTE);
    const ids = async (query: Partial<MessageQuery>) => (await list(database, query)).map(({ id }) => id);
    const [{ conversationId } = { conversationId: '' }] = await list(database);
    expect(await ids({ direction: 'inbound' })).toEqual(['wamid.1']);
    expect(await ids({ status: 'pending' })).toEqual(['wamid.2']);
    expect(await ids({ since: T0 + 1 })).toEqual(['wamid.2']);
    expect(await ids({ until: T0 })).toEqual(['wamid.1']);
    expect(await ids({ conversationId })).toEqual(['wamid.2', 'wamid.1']);
    expect(await ids({ conversationId: 'another' })).toEqual([]);
    expect(await database.messages.find(QUERY, 'wamid.1')).toMatchObject({ id: 'wamid.1' });
    expect(await database.messages.find(QUERY, 'wamid.9')).toBeNull();
  });

  it('are nothing to another project that gets the number', async () => {
    const database = await openWithNumber(await fresh());
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello'));
    const { id: projectId } = await addProject(database);
    await addNumber(database, PHONE_NUMBER_ID, projectId);
    expect(await list(database, { projectId })).toEqual([]);
    expect(await database.messages.find({ ...QUERY, projectId }, 'wamid.1')).toBeNull();
    expect(await list(database)).toHaveLength(1);
  });

  it('move with their user when two contacts become one', async () => {
    const place = await fresh();
    const database = await openWithNumber(place);
    await keepMessages(database);
    await hearMessages(database, textOfAda('wamid.1', 'Hello'));
    const byId = { id: 'wamid.2', from_user_id: 'US.1349', type: 'text', text: { body: 'Me again' } };
    await hearMessages(database, { messages: [byId] });
    await hearMessages(database, { messages: [{ ...byId, id: 'wamid.3', from: ADA }] });
    const pairs = await rowsIn(place, 'select pair_id from messages');
    expect(pairs).toHaveLength(3);
    expect(new Set(pairs.map((row) => row['pair_id'])).size).toBe(1);
    expect(new Set((await list(database)).map(({ user }) => user.waId))).toEqual(new Set([ADA]));
  });
});
