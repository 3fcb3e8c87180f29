import type { GraphUser } from './graph-types.ts';
import type { PermissionEvent } from './permission-event.ts';
import { type MessageItem, messageItem } from './permission-schema.ts';
import { displayedDigits, phoneDigits, readUser } from './read-user.ts';
import { nameOf, type Reading, type ReadingContext } from './reading.ts';

/**
 * Reads one item of `value.messages`: the answer to a permission request (meta-calling.md §3.7), or that the user wrote
 * something. What they wrote is not even parsed.
 */
export function readMessage(item: unknown, context: ReadingContext): Reading<PermissionEvent> {
  const parsed = messageItem.safeParse(item);
  if (!parsed.success) return { reason: 'not an object' };
  const message = parsed.data;
  if (message.type !== null && NOT_OF_A_USER.has(message.type))
    return { reason: `message of type ${nameOf(message.type)}` };
  if (message.group_id !== null) return { reason: 'message of a group' };
  const from = phoneDigits(message.from);
  if (from !== null && from === displayedDigits(context.displayPhoneNumber)) {
    return { reason: 'message of the business' };
  }
  const side = { phone: message.from, userId: message.from_user_id, parentUserId: null };
  const { waId, userId } = readUser(side, context.contacts, context.alone);
  if (waId === null && userId === null) return { reason: 'no user' };

  const { interactive } = message;
  if (interactive.type === 'CALL_PERMISSION_REPLY' || interactive.call_permission_reply !== null) {
    return readReply(message, { waId, userId }, context);
  }
  const { phoneNumberId, fallbackTime } = context;
  const at = message.timestamp ?? fallbackTime;
  return { event: { type: 'user_message', phoneNumberId, at, user: { waId, userId } } };
}

/** Notes of WhatsApp's own about a user, who said nothing: they open no window. */
const NOT_OF_A_USER: ReadonlySet<string> = new Set(['SYSTEM', 'REQUEST_WELCOME']);

function readReply(message: MessageItem, user: GraphUser, context: ReadingContext): Reading<PermissionEvent> {
  const reply = message.interactive.call_permission_reply;
  const response = RESPONSES.get(reply?.response ?? '');
  if (reply === null || response === undefined) return { reason: 'permission reply without an answer' };
  if (message.id === null) return { reason: 'no message id' };
  const permanent = response === 'accept' && reply.is_permanent;
  return {
    event: {
      type: 'permission_reply',
      phoneNumberId: context.phoneNumberId,
      at: message.timestamp ?? context.fallbackTime,
      user,
      response,
      permanent,
      expiresAt: response === 'reject' || permanent ? null : reply.expiration_timestamp,
      automatic: reply.response_source === 'AUTOMATIC',
      contextId: message.context.id,
      messageId: message.id,
    },
  };
}

const RESPONSES: ReadonlyMap<string, 'accept' | 'reject'> = new Map([
  ['ACCEPT', 'accept'],
  ['REJECT', 'reject'],
]);
