import { type Findings, noteDisplay } from './findings.ts';
import type { KeepsMessages } from './message-word.ts';
import type { PermissionEvent } from './permission-event.ts';
import { messagesValue } from './permission-schema.ts';
import { isAutomatic, readAuthor, readMessage } from './read-message.ts';
import { readMessageStatus, readStatusWord } from './read-message-status.ts';
import type { Reading, ReadingContext } from './reading.ts';
import type { WebhookChange } from './webhook-envelope.ts';
import { writtenMessage } from './written-message.ts';

/**
 * Reads one change of field `messages`, where answers to permission requests come (meta-calling.md §3.2).
 *
 * @param keeps the numbers of which more is read than who wrote
 */
export function readMessagesChange(
  change: WebhookChange,
  fallbackTime: number,
  found: Findings,
  keeps: KeepsMessages,
): void {
  const take = (place: string, reading: Reading<PermissionEvent>): void => {
    if ('event' in reading) found.permissions.push(reading.event);
    else found.ignored.push({ where: `${change.where}.value${place}`, reason: reading.reason });
  };
  const value = messagesValue.safeParse(change.value);
  if (!value.success) return take('', { reason: 'not an object' });
  const { metadata, messages, statuses, contacts } = value.data;
  if (metadata.phone_number_id === null) return take('.metadata', { reason: 'no phone number id' });

  noteDisplay(found, metadata);
  const context: ReadingContext = {
    phoneNumberId: metadata.phone_number_id,
    displayPhoneNumber: metadata.display_phone_number,
    contacts,
    alone: messages.length === 1,
    fallbackTime,
  };
  const isKept = keeps(context.phoneNumberId);
  for (const [i, item] of messages.entries()) {
    const authored = readAuthor(item, context);
    if ('reason' in authored) take(`.messages[${i}]`, authored);
    else {
      const { message, author } = authored;
      take(`.messages[${i}]`, readMessage(authored));
      const written = isKept ? writtenMessage(message.id, item) : null;
      if (!isAutomatic(message)) found.messages.push({ type: 'message', author, message: written });
    }
  }
  for (const [i, item] of statuses.entries()) {
    take(`.statuses[${i}]`, readMessageStatus(item, context));
    const word = isKept ? readStatusWord(item, context) : null;
    if (word !== null) found.messages.push({ type: 'status', word });
  }
  if (messages.length === 0 && statuses.length === 0) take('', { reason: 'no message' });
}
