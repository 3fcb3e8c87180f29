import { describe, expect, it } from 'vitest';
import type { PermissionEvent as PermissionsOwn } from '../../../src/permissions/ports.ts';
import { type PermissionEvent, parseWebhook } from '../../../src/signaling/index.ts';
import { messagesWebhook, OUR_DISPLAY, OUR_NUMBER, permissionReply, webhookBytes } from '../../support/webhook.ts';

const RECEIVED_AT = 1_767_168_009_000;
const AT = 1_767_168_000_000;
const EXPIRES = 1_768_550_400;
const ANA = { waId: '15550002222', userId: null };

const parse = (body: unknown) => parseWebhook(body, RECEIVED_AT);
const reasons = (body: unknown) => parse(body).ignored.map(({ reason }) => reason);

function only(body: unknown): PermissionEvent {
  const { permissions, ignored } = parse(body);
  expect(ignored).toEqual([]);
  expect(permissions).toHaveLength(1);
  // The twin of the permissions' own type must stay one.
  return permissions[0]! satisfies PermissionsOwn;
}

describe('an answer to a permission request', () => {
  const accepted = { response: 'accept', is_permanent: false, response_source: 'user_action' };
  const asked = { context: { from: OUR_DISPLAY, id: 'wamid.request' } };
  const granted = {
    type: 'permission_reply',
    phoneNumberId: OUR_NUMBER,
    at: AT,
    user: ANA,
    response: 'accept',
    permanent: false,
    expiresAt: EXPIRES * 1000,
    automatic: false,
    contextId: 'wamid.request',
    messageId: 'wamid.reply',
  };

  it.each([
    ['that allows calls for a while', { ...accepted, expiration_timestamp: `${EXPIRES}` }, asked, {}],
    ['that allows them for good', { ...accepted, is_permanent: true }, asked, { permanent: true, expiresAt: null }],
    [
      'that nobody asked for, in the business profile',
      { ...accepted, is_permanent: true },
      {},
      { permanent: true, expiresAt: null, contextId: null },
    ],
    [
      'that refuses',
      { response: 'reject', response_source: 'user_action' },
      asked,
      { response: 'reject', expiresAt: null },
    ],
    [
      'that WhatsApp gave because the user called',
      { ...accepted, response_source: 'automatic', expiration_timestamp: `${EXPIRES}` },
      { context: { id: 'wacid.IN1' } },
      { automatic: true, contextId: 'wacid.IN1' },
    ],
    [
      'that WhatsApp took back because nobody picked up',
      { response: 'reject', response_source: 'automatic' },
      {},
      { response: 'reject', automatic: true, contextId: null, expiresAt: null },
    ],
  ])('%s is told', (_, reply, overrides, expected) => {
    const body = messagesWebhook({ messages: [permissionReply(reply, overrides)] });
    expect(only(body)).toEqual({ ...granted, ...expected });
  });

  it('may give its times as numbers, and leave out whether it is permanent', () => {
    const reply = { response: 'accept', expiration_timestamp: EXPIRES, response_source: 'user_action' };
    const body = messagesWebhook({ messages: [permissionReply(reply, { ...asked, timestamp: AT / 1000 })] });
    expect(only(body)).toEqual(granted);
  });

  it('that is neither permanent nor says until when is told as it is', () => {
    const body = messagesWebhook({ messages: [permissionReply({ response: 'accept' })] });
    expect(only(body)).toMatchObject({ permanent: false, expiresAt: null });
  });

  it('of a user without a number carries the business-scoped id', () => {
    const message = permissionReply(accepted, { from: undefined, from_user_id: 'US.1349000001' });
    expect(only(messagesWebhook({ messages: [message] }))).toMatchObject({
      user: { waId: null, userId: 'US.1349000001' },
    });
  });

  it('names both, number and business-scoped id, if the contact beside it does', () => {
    expect(only(webhookBytes('permission-reply'))).toMatchObject({
      user: { waId: '15550002222', userId: 'US.1349000001' },
      contextId: 'wacid.IN1',
      automatic: true,
    });
  });

  it('without a time of its own is as old as its delivery', () => {
    const body = messagesWebhook({ messages: [permissionReply(accepted, { timestamp: undefined })] });
    expect(only(body).at).toBe(RECEIVED_AT);
  });

  it('of one user does not become that of another who wrote at the same time', () => {
    const contacts = [{ wa_id: '15550002222', user_id: 'US.1349000001' }];
    const messages = [permissionReply(accepted), permissionReply(accepted, { from: '15550003333' })];
    const users = parse(messagesWebhook({ contacts, messages })).permissions.map((event) =>
      event.type === 'permission_reply' ? event.user : null,
    );
    expect(users).toEqual([
      { waId: '15550002222', userId: 'US.1349000001' },
      { waId: '15550003333', userId: null },
    ]);
  });

  it.each([
    ['an answer', permissionReply({ response: 'maybe' }), 'permission reply without an answer'],
    [
      'anything in it',
      permissionReply({}, { interactive: { type: 'call_permission_reply' } }),
      'permission reply without an answer',
    ],
    ['an id', permissionReply(accepted, { id: null }), 'no message id'],
    ['a user', permissionReply(accepted, { from: 'nobody' }), 'no user'],
  ])('without %s is ignored with a reason', (_, message, reason) => {
    expect(parse(messagesWebhook({ messages: [message] })).permissions).toEqual([]);
    expect(reasons(messagesWebhook({ messages: [message] }))).toEqual([reason]);
  });
});

describe('a message of a user', () => {
  it('tells who wrote and when, and nothing of what', () => {
    expect(only(webhookBytes('message-text'))).toEqual({
      type: 'user_message',
      phoneNumberId: OUR_NUMBER,
      at: AT,
      user: { waId: '15550002222', userId: 'US.1349000001' },
    });
    const { messages, ...rest } = parse(webhookBytes('message-text'));
    expect(JSON.stringify(rest)).not.toMatch(/order|wamid|Ana|body/);
    expect(messages).toMatchObject([{ author: { profile: { name: 'Ana' } }, message: null }]);
    expect(JSON.stringify(messages)).not.toMatch(/order|wamid|body/);
  });

  it.each(['text', 'image', 'audio', 'button', 'interactive', 'reaction', 'unsupported', undefined])(
    'counts whatever its kind: %s',
    (type) => {
      const messages = [{ from: '15550002222', id: 'wamid.1', timestamp: '1767168000', type }];
      expect(only(messagesWebhook({ messages }))).toMatchObject({ type: 'user_message', user: ANA });
    },
  );

  it.each([
    ['that WhatsApp wrote', { type: 'system' }, 'message of type SYSTEM'],
    ['that says a chat was opened', { type: 'request_welcome' }, 'message of type REQUEST_WELCOME'],
    ['of a group', { type: 'text', group_id: 'G1' }, 'message of a group'],
    ['of the business itself', { type: 'text', from: `+${OUR_DISPLAY}` }, 'message of the business'],
    ['of nobody', { type: 'text', from: null }, 'no user'],
  ])('%s opens no window', (_, fields, reason) => {
    const body = messagesWebhook({ messages: [{ from: '15550002222', id: 'wamid.1', ...fields }] });
    expect(parse(body).permissions).toEqual([]);
    expect(reasons(body)).toEqual([reason]);
  });
});

describe('the status of a message', () => {
  it('is told if the message failed, with the code', () => {
    expect(only(webhookBytes('message-failed'))).toEqual({
      type: 'message_failed',
      phoneNumberId: OUR_NUMBER,
      at: AT,
      messageId: 'wamid.request',
      code: 131026,
    });
  });

  it('needs no code', () => {
    const statuses = [{ id: 'wamid.request', status: 'FAILED' }];
    expect(only(messagesWebhook({ statuses }))).toMatchObject({
      messageId: 'wamid.request',
      code: null,
      at: RECEIVED_AT,
    });
  });

  it.each(['sent', 'delivered', 'read'])('is ignored if it is %s', (status) => {
    const body = messagesWebhook({ statuses: [{ id: 'wamid.1', status }] });
    expect(parse(body).permissions).toEqual([]);
    expect(reasons(body)).toEqual([`status ${status} of a message`]);
  });
});
