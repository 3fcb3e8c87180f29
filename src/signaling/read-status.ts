import { readUser } from './read-user.ts';
import { nameOf, type Reading, type ReadingContext } from './reading.ts';
import { statusItem } from './webhook-schema.ts';

/** Reads one item of `value.statuses`; they come only for calls that the business started (meta-calling.md §3.5). */
export function readStatus(item: unknown, context: ReadingContext): Reading {
  const parsed = statusItem.safeParse(item);
  if (!parsed.success) return { reason: 'not an object' };
  const { id, type, status, ...rest } = parsed.data;
  if (id === null) return { reason: 'no call id' };
  if (type !== null && type !== 'CALL') return { reason: 'status of something that is no call' };
  if (status !== 'RINGING' && status !== 'ACCEPTED' && status !== 'REJECTED') {
    return { reason: `status ${nameOf(status)} is not worked off` };
  }
  const timestamp = rest.timestamp ?? context.fallbackTime;
  const side = {
    phone: rest.recipient_id,
    userId: rest.recipient_user_id,
    parentUserId: rest.recipient_parent_user_id,
  };
  return {
    event: {
      identity: {
        callId: id,
        direction: 'outbound',
        phoneNumberId: context.phoneNumberId,
        displayPhoneNumber: context.displayPhoneNumber,
        user: readUser(side, context.contacts, context.alone),
        startedAt: timestamp,
        ctaPayload: null,
        deeplinkPayload: null,
        bizOpaqueCallbackData: rest.biz_opaque_callback_data,
      },
      input: { type: 'meta.status', status, timestamp },
    },
  };
}
