import { deliverMessages } from '../../src/signaling/deliver-messages.ts';
import { parseWebhook } from '../../src/signaling/index.ts';
import type { Database, DatabasePlace } from '../../src/storage/index.ts';
import { addNumber } from './api-server.ts';
import { T0 } from './call.ts';
import { PHONE_NUMBER_ID } from './call-identity.ts';
import { openTestDatabase } from './database.ts';

/** A database that has the number of the tests. */
export async function openWithNumber(place: DatabasePlace): Promise<Database> {
  const database = await openTestDatabase(place);
  await addNumber(database, PHONE_NUMBER_ID);
  return database;
}

/** Numbers that keep what people write to them, from now on or no more. */
export async function keepMessages({ numbers }: Database, keep = true, phoneNumberId = PHONE_NUMBER_ID): Promise<void> {
  await numbers.change(phoneNumberId, { storesMessages: keep }, T0);
}

/** What a webhook of field `messages` says, as it reaches the database. `at`: our own clock. */
export async function hearMessages(
  { numbers, messageKeeper }: Database,
  value: Readonly<Record<string, unknown>>,
  at = T0,
): Promise<void> {
  const change = { field: 'messages', value: { metadata: METADATA, ...value } };
  const body = { object: 'whatsapp_business_account', entry: [{ id: '1', changes: [change] }] };
  const { messages } = parseWebhook(body, at, messageKeeper.keeps);
  await deliverMessages(
    messages,
    messageKeeper,
    (id) => numbers.isOurs(id),
    (handling) => handling,
    () => at,
  );
}

const METADATA = { phone_number_id: PHONE_NUMBER_ID, display_phone_number: '15550100000' };

/** A text of Ada, at this second; `at` in Unix milliseconds. */
export function textOfAda(id: string, body: string, at = T0): Readonly<Record<string, unknown>> {
  const message = { id, from: '15550100001', timestamp: String(Math.floor(at / 1_000)), type: 'text', text: { body } };
  return { contacts: [{ wa_id: '15550100001', profile: { name: 'Ada' } }], messages: [message] };
}

/** Meta's word on what became of a message to Ada. */
export function statusOf(id: string, status: string, more: object = {}): Readonly<Record<string, unknown>> {
  const timestamp = String(Math.floor(T0 / 1_000));
  return { statuses: [{ id, status, timestamp, recipient_id: '15550100001', ...more }] };
}
