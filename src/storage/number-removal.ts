import type { Kysely } from 'kysely';
import type { NumberRemoval } from '../calls-api/ports.ts';
import { tellNumber } from './number-events.ts';
import { LIVE } from './permission-book/usage.ts';
import { giveUpDial } from './permission-book/waiting-dials.ts';
import type { Schema } from './schema.ts';

/**
 * Deletes a number with what is known of it and whom it is assigned to, in the transaction of `db`, unless a call of it is
 * live. Dials that wait are cancelled; what was called stays in the log.
 */
export async function removeNumber(db: Kysely<Schema>, phoneNumberId: string, at: number): Promise<NumberRemoval> {
  const number = await db
    .selectFrom('numbers')
    .select(['project_id', 'display_phone_number'])
    .where('phone_number_id', '=', phoneNumberId)
    .executeTakeFirst();
  if (number === undefined) return 'unknown';
  if (await hasLiveCall(db, phoneNumberId)) return 'calls_live';
  await cancelDials(db, phoneNumberId, at);
  for (const table of ['voice_agent_assignments', 'number_states', 'numbers'] as const) {
    await db.deleteFrom(table).where('phone_number_id', '=', phoneNumberId).execute();
  }
  const { project_id: projectId, display_phone_number: displayPhoneNumber } = number;
  const told = { projectId, phoneNumberId, displayPhoneNumber };
  await tellNumber(db, 'whatsapp.phone_number.deleted', told, { at, key: String(at) }, {});
  return 'removed';
}

async function hasLiveCall(db: Kysely<Schema>, phoneNumberId: string): Promise<boolean> {
  const call = await db
    .selectFrom('calls')
    .select('id')
    .where('phone_number_id', '=', phoneNumberId)
    .where('ending_class', 'is', null)
    .where('status', 'in', LIVE)
    .limit(1)
    .executeTakeFirst();
  return call !== undefined;
}

async function cancelDials(db: Kysely<Schema>, phoneNumberId: string, at: number): Promise<void> {
  const waiting = await db
    .selectFrom('calls')
    .innerJoin('dials', 'dials.id', 'calls.id')
    .select('dials.id')
    .where('calls.phone_number_id', '=', phoneNumberId)
    .where('calls.ending_class', 'is', null)
    .execute();
  for (const { id } of waiting) await giveUpDial(db, id, 'cancelled', at);
}
