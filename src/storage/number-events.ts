import type { Kysely } from 'kysely';
import type { EventType, PayloadMore } from '../events/ports.ts';
import type { Schema } from './schema.ts';
import { tell } from './tell.ts';

/** Whom an event of a number is about. */
export interface ToldNumber {
  readonly projectId: string;
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string | null;
}

type NumberEventType = Extract<EventType, `whatsapp.phone_number.${string}`>;

/**
 * Tells others what became of a number, in the transaction of `db`.
 *
 * @param at Unix milliseconds
 * @param key tells it from another of this type: what happened once has one key, however often it is heard of
 */
export async function tellNumber<Type extends NumberEventType>(
  db: Kysely<Schema>,
  type: Type,
  { projectId, phoneNumberId, displayPhoneNumber }: ToldNumber,
  { at, key }: { readonly at: number; readonly key: string },
  more: Omit<PayloadMore<Type>, 'phone_number'>,
): Promise<void> {
  const about = {
    projectId,
    phoneNumberId,
    orderingKey: phoneNumberId,
    idempotencyKey: `${type}:${phoneNumberId}:${key}`,
    at,
  };
  const number = { phone_number_id: phoneNumberId, display_phone_number: displayPhoneNumber };
  await tell(db, type, about, () => ({ phone_number: number, ...more }) as unknown as PayloadMore<Type>);
}
