import type { Kysely } from 'kysely';
import type { CallIdentity, CallStatus } from '../../call/index.ts';
import type { DialOrder, WaitingDial, WaitingState } from '../../permissions/ports.ts';
import { newCall } from '../call-row.ts';
import { conversationFor } from '../contacts/conversations.ts';
import type { DialsTable, Schema } from '../schema.ts';
import { insertCall } from '../write-call.ts';

/** Writes the call record of a dial, in the transaction of `db`. With a status of a live call it is the reservation. */
export async function writeDialRecord(
  db: Kysely<Schema>,
  order: DialOrder,
  pairId: string,
  status: CallStatus,
  placedAt: number | null,
): Promise<void> {
  const createdAt = placedAt ?? order.createdAt;
  const { phoneNumberId } = order;
  const row = newCall(identityOf(order, createdAt), {
    status,
    agent: null,
    followed: order.clientMedia,
    pairId,
    conversationId: await conversationFor(db, { pairId, phoneNumberId, at: createdAt }),
    placedAt,
    createdAt,
  });
  await insertCall(db, row, createdAt, order.voiceAgentId);
}

/** Keeps a dial that waits, new or again, in the transaction of `db`. `askedAt` null leaves what is there. */
export async function keepWaiting(
  db: Kysely<Schema>,
  { order, state, nextAt }: WaitingDial,
  pairId: string,
  askedAt: number | null,
): Promise<void> {
  const changes = {
    asked_for: JSON.stringify(order),
    state,
    next_at: nextAt,
    deadline_at: order.deadlineAt,
    due_at: earlier(nextAt, order.deadlineAt),
    ...(askedAt !== null && { asked_at: askedAt }),
  };
  const row: DialsTable = { id: order.id, pair_id: pairId, created_at: order.createdAt, asked_at: null, ...changes };
  await db
    .insertInto('dials')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
    .execute();
}

/** The record of a dial knows two ways of waiting: for the user, and for a time. */
export function statusOf(state: WaitingState): CallStatus {
  return state === 'awaiting_permission' ? 'awaiting_permission' : 'scheduled';
}

function identityOf(order: DialOrder, startedAt: number): CallIdentity {
  return {
    id: order.id,
    callId: order.id,
    direction: 'outbound',
    phoneNumberId: order.phoneNumberId,
    displayPhoneNumber: order.displayPhoneNumber,
    user: { ...order.user, parentUserId: null, name: null },
    startedAt,
    ctaPayload: null,
    deeplinkPayload: null,
    bizOpaqueCallbackData: order.bizOpaqueCallbackData,
  };
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
