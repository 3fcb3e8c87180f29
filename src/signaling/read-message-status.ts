import type { PermissionEvent } from './permission-event.ts';
import { messageStatusItem } from './permission-schema.ts';
import { readErrors } from './read-errors.ts';
import { nameOf, type Reading, type ReadingContext } from './reading.ts';

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
