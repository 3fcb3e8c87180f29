import type { MessageAuthor } from './message-word.ts';
import type { PermissionEvent } from './permission-event.ts';
import { type MessageItem, messageItem } from './permission-schema.ts';
import { displayedDigits, phoneDigits, readNamedUser } from './read-user.ts';
import { nameOf, type Reading, type ReadingContext } from './reading.ts';

/** A message, and who sent it. */
export interface Authored {
  readonly message: MessageItem;
  readonly author: MessageAuthor;
}

/** Reads of one item of `value.messages` who sent it and when, if it was a user. What they wrote is not even parsed. */
export function readAuthor(item: unknown, context: ReadingContext): Authored | { readonly reason: string } {
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
  const { waId, userId, ...profile } = readNamedUser(side, context.contacts, context.alone);
  if (waId === null && userId === null) return { reason: 'no user' };
  const { phoneNumberId, fallbackTime } = context;
  const at = message.timestamp ?? fallbackTime;
  return { message, author: { phoneNumberId, at, user: { waId, userId }, profile } };
}

/** What a message is to the permission to call: the answer to a request (meta-calling.md §3.7), or that the user wrote. */
export function readMessage({ message, author }: Authored): Reading<PermissionEvent> {
  const { interactive } = message;
  if (interactive.type === 'CALL_PERMISSION_REPLY' || interactive.call_permission_reply !== null) {
    return readReply(message, author);
  }
  const { phoneNumberId, at, user } = author;
  return { event: { type: 'user_message', phoneNumberId, at, user } };
}

/** Nobody pressed a button: WhatsApp notes in the chat what a call has changed (meta-calling.md §3.7). */
export function isAutomatic({ interactive }: MessageItem): boolean {
  return interactive.call_permission_reply?.response_source === 'AUTOMATIC';
}

/** Notes of WhatsApp's own about a user, who said nothing: they open no window. */
const NOT_OF_A_USER: ReadonlySet<string> = new Set(['SYSTEM', 'REQUEST_WELCOME']);

function readReply(message: MessageItem, { phoneNumberId, at, user }: MessageAuthor): Reading<PermissionEvent> {
  const reply = message.interactive.call_permission_reply;
  const response = RESPONSES.get(reply?.response ?? '');
  if (reply === null || response === undefined) return { reason: 'permission reply without an answer' };
  if (message.id === null) return { reason: 'no message id' };
  const permanent = response === 'accept' && reply.is_permanent;
  return {
    event: {
      type: 'permission_reply',
      phoneNumberId,
      at,
      user,
      response,
      permanent,
      expiresAt: response === 'reject' || permanent ? null : reply.expiration_timestamp,
      automatic: isAutomatic(message),
      contextId: message.context.id,
      messageId: message.id,
    },
  };
}

const RESPONSES: ReadonlyMap<string, 'accept' | 'reject'> = new Map([
  ['ACCEPT', 'accept'],
  ['REJECT', 'reject'],
]);
