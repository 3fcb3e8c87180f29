import type { Kysely } from 'kysely';
import type { CallPatch, EndingClass } from '../call/index.ts';
import type { EventType, PayloadMore } from '../events/ports.ts';
import { callDetail } from './call-detail.ts';
import { DatabaseError } from './database-error.ts';
import type { CallsTable, Schema } from './schema.ts';
import { tell } from './tell.ts';

/** What a write of a call gives back (`returning`), so that others can be told of it. */
export const TOLD = ['id', 'project_id', 'phone_number_id', 'direction'] as const satisfies (keyof CallsTable)[];

export type ToldCall = Pick<CallsTable, (typeof TOLD)[number]>;

/** A user calls, or a call of the business was let through to Graph. Of a dial that waits nothing is told before that. */
export async function tellBegin(db: Kysely<Schema>, call: ToldCall, at: number): Promise<void> {
  const type = call.direction === 'inbound' ? 'whatsapp.call.received' : 'whatsapp.call.dialed';
  await tellCall(db, call, type, type, at);
}

/** What a change of the record means to others; its ending is told by `tellEnd`. */
export async function tellChange(db: Kysely<Schema>, call: ToldCall, { status }: CallPatch, at: number): Promise<void> {
  // That of a user rings from its first moment.
  const type =
    status === 'answered'
      ? 'whatsapp.call.answered'
      : status === 'ringing' && call.direction === 'outbound'
        ? 'whatsapp.call.ringing'
        : null;
  if (type !== null) await tellCall(db, call, type, type, at);
}

/** The end of a call, in the words of its class. To be called by the one write that makes it over, and by no other. */
export async function tellEnd(db: Kysely<Schema>, call: ToldCall, kind: EndingClass, at: number): Promise<void> {
  // One key for both: whatever comes later, a call has ended once.
  await tellCall(db, call, END_TYPES[kind], 'whatsapp.call.end', at);
}

/** What we could not do, or what broke, is a failure; what the user or we chose is not (docs/events.md). */
const END_TYPES = {
  completed: 'whatsapp.call.ended',
  missed: 'whatsapp.call.ended',
  rejected: 'whatsapp.call.ended',
  failed: 'whatsapp.call.failed',
  dropped: 'whatsapp.call.failed',
} as const satisfies Record<EndingClass, EventType>;

type CallEventType =
  | 'whatsapp.call.received'
  | 'whatsapp.call.dialed'
  | 'whatsapp.call.ringing'
  | 'whatsapp.call.answered'
  | 'whatsapp.call.ended'
  | 'whatsapp.call.failed';

async function tellCall(
  db: Kysely<Schema>,
  { id, project_id: projectId, phone_number_id: phoneNumberId }: ToldCall,
  type: CallEventType,
  key: string,
  at: number,
): Promise<void> {
  const about = { projectId, phoneNumberId, orderingKey: id, idempotencyKey: `${key}:${id}`, at };
  await tell(db, type, about, () => partsOf(db, id));
}

/** The record as it is now, and beside it those it is about. */
async function partsOf(db: Kysely<Schema>, id: string): Promise<PayloadMore<CallEventType>> {
  // The record is the part of the payload by name; a test holds every body against its schema.
  const call = (await callDetail(db, id)) as PayloadMore<CallEventType>['call'] | null;
  if (call === null) throw new DatabaseError('a call that is told of has no record');
  return { call, contact: call.whatsapp_contact, conversation: call.whatsapp_conversation };
}
