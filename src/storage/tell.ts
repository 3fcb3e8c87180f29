import type { Kysely } from 'kysely';
import type { EventType, NewEvent, PayloadMore } from '../events/ports.ts';
import { outboxOf } from './outbox/outbox-of.ts';
import type { Schema } from './schema.ts';

/** What of an event is not in its body, or in its head only. */
export type EventAbout = Omit<NewEvent, 'type' | 'body'>;

/**
 * Tells others what happened, in the transaction of `db` that writes it down. What `more` must be, `PAYLOADS` of the events'
 * room says; it is only asked for if anybody is to hear of it.
 */
export async function tell<Type extends EventType>(
  db: Kysely<Schema>,
  type: Type,
  about: EventAbout,
  more: () => PayloadMore<Type> | Promise<PayloadMore<Type>>,
): Promise<void> {
  const { projectId, phoneNumberId, at } = about;
  const outbox = outboxOf(db);
  if (outbox === null || !outbox.isHeard(projectId, phoneNumberId, type)) return;
  const head = { type, timestamp: new Date(at).toISOString(), phone_number_id: phoneNumberId, project_id: projectId };
  await outbox.emit(db, { ...about, type, body: JSON.stringify({ ...head, ...(await more()) }) });
}
