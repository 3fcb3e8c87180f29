import type { MessageStatusWord } from './message-word.ts';
import type { PermissionEvent } from './permission-event.ts';
import { messageStatusItem } from './permission-schema.ts';
import { readErrors } from './read-errors.ts';
import { readUser } from './read-user.ts';
import { nameOf, type Reading, type ReadingContext } from './reading.ts';
import { keptErrors } from './written-message.ts';

/** Reads one item of `value.statuses` of field `messages`: only that a message of ours failed is of use to us. */
export function readMessageStatus(item: unknown, context: ReadingContext): Reading<PermissionEvent> {
  const parsed = messageStatusItem.safeParse(item);
  if (!parsed.success) return { reason: 'not an object' };
  const { id, status, timestamp, errors } = parsed.data;
  if (status !== 'FAILED') return { reason: `status ${nameOf(status?.toLowerCase())} of a message` };
  if (id === null) return { reason: 'no message id' };
  const { phoneNumberId, fallbackTime } = context;
  const code = readErrors(errors)[0]?.code ?? null;
  return { event: { type: 'message_failed', phoneNumberId, at: timestamp ?? fallbackTime, messageId: id, code } };
}

/** What became of a message of ours, for numbers that keep messages; null of a status that none of them has. */
export function readStatusWord(item: unknown, context: ReadingContext): MessageStatusWord | null {
  const parsed = messageStatusItem.safeParse(item);
  if (!parsed.success || parsed.data.id === null) return null;
  const {
    id: messageId,
    status: said,
    timestamp,
    errors,
    recipient_id: phone,
    recipient_user_id: userId,
  } = parsed.data;
  const status = KEPT_STATUSES.find((kept) => kept === said?.toLowerCase());
  if (status === undefined) return null;
  const user = readUser({ phone, userId, parentUserId: null }, context.contacts, context.alone);
  return {
    phoneNumberId: context.phoneNumberId,
    at: timestamp ?? context.fallbackTime,
    user: { waId: user.waId, userId: user.userId },
    messageId,
    status,
    errors: keptErrors(errors),
  };
}

const KEPT_STATUSES = ['sent', 'delivered', 'read', 'failed'] as const;
