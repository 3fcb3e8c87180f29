import { grantOf } from '../ledger.ts';
import { limitsOf } from '../limits.ts';
import type { PermissionBook, PermissionEvent } from '../ports.ts';

/** Writes what a webhook said into the ledger. Safe to repeat. */
export async function writeEvent(book: PermissionBook, event: PermissionEvent): Promise<void> {
  const { phoneNumberId, at } = event;
  switch (event.type) {
    case 'permission_reply':
      await book.granted(phoneNumberId, event.user, grantOf(event), event.contextId);
      // Who accepts has written or called. What is taken back without a word in the chat opens nothing.
      if (event.response === 'accept' || (!event.automatic && event.contextId !== null))
        await book.windowOpened(phoneNumberId, event.user, at + limitsOf('production').windowMs);
      return;
    case 'user_message':
      return await book.windowOpened(phoneNumberId, event.user, at + limitsOf('production').windowMs);
    case 'message_failed':
      return;
    default:
      event satisfies never;
  }
}
