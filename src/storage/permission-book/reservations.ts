import type { Kysely } from 'kysely';
import type { Decide, DialOrder, Reservation, UserRef } from '../../permissions/ports.ts';
import { appendEvent } from '../call-row.ts';
import { conversationFor } from '../contacts/conversations.ts';
import { KeptQuery } from '../kept-query.ts';
import type { Schema } from '../schema.ts';
import { placeCall } from '../write-call.ts';
import { keepWaiting, writeDialRecord } from './dial-record.ts';
import { findPair, isFoundBy, keysOf, meantBy, newPairFor, type PairRow } from './pairs.ts';
import { countRequest } from './requests.ts';
import { usageOf } from './usage.ts';

/** One dial that wants to go out. `requestId`: the id of the request if the decision is to ask. */
export interface Claim {
  readonly order: DialOrder;
  readonly requestId: string;
  /** Unix milliseconds. */
  readonly now: number;
  readonly decide: Decide;
}

/**
 * Decides a dial and writes what follows, in the transaction of `db`, which has the write lock of the whole database: what
 * is read here cannot change before it is written. Null if the dial waited and does not any more.
 */
export async function reserveDial(db: Kysely<Schema>, claim: Claim): Promise<Reservation | null> {
  const { order, now, decide, requestId } = claim;
  const standing = await standingOf(db, order);
  if (standing === 'gone') return null;
  const decision = decide(await usageOf(db, order.phoneNumberId, standing.pair, now));
  if (decision.type === 'deny') return { decision, requestId: null };
  const pairId = standing.pair?.id ?? (await newPairFor(db, order.phoneNumberId, order.user, now));
  if (decision.type === 'allow') {
    await place(db, claim, pairId, standing.waits);
    return { decision, requestId: null };
  }
  const template = decision.by === 'template';
  if (standing.waits) {
    const changes = { status: 'awaiting_permission', updated_at: now } as const;
    await db.updateTable('calls').set(changes).where('id', '=', order.id).execute();
  } else {
    await writeDialRecord(db, order, pairId, 'awaiting_permission', null);
  }
  await keepWaiting(db, { order, state: 'awaiting_permission', nextAt: null }, pairId, now);
  const { phoneNumberId } = order;
  await countRequest(db, { id: requestId, pairId, phoneNumberId, dialId: order.id, template, at: now });
  await appendEvent(db, order.id, now, 'permission_asked', { by: decision.by, deadlineAt: order.deadlineAt });
  return { decision, requestId };
}

/** A request by itself, as a client sends it. */
export interface RequestClaim extends Omit<Claim, 'order'> {
  readonly phoneNumberId: string;
  readonly user: UserRef;
  readonly template: boolean;
}

/** Decides a request and counts it, in the transaction of `db`. */
export async function reserveRequest(db: Kysely<Schema>, claim: RequestClaim): Promise<Reservation> {
  const { phoneNumberId, user, template, requestId: id, now, decide } = claim;
  const pair = await findPair(db, phoneNumberId, user);
  const decision = decide(await usageOf(db, phoneNumberId, pair, now));
  if (decision.type !== 'ask') return { decision, requestId: null };
  const pairId = pair?.id ?? (await newPairFor(db, phoneNumberId, user, now));
  await countRequest(db, { id, pairId, phoneNumberId, dialId: null, template, at: now });
  return { decision, requestId: id };
}

interface Standing {
  /** The dial waits, with this pair, whatever its names lead to by now. */
  readonly waits: boolean;
  readonly pair: PairRow | null;
}

/** One statement, for every dial begins with it. A dial that has a record and does not wait is gone. */
async function standingOf(db: Kysely<Schema>, { id, phoneNumberId, user }: DialOrder): Promise<Standing | 'gone'> {
  const keys = keysOf(phoneNumberId, user);
  const rows = await STANDING.execute(db, { ...keys, id });
  const { record, waits_with: waitsWith } = rows[0]!;
  const pairs = rows.filter(hasPair);
  if (waitsWith !== null) return { waits: true, pair: pairs.find((pair) => pair.id === waitsWith) ?? null };
  return record === null ? { waits: false, pair: meantBy(keys, pairs) } : 'gone';
}

const STANDING = new KeptQuery((db, { id, ...keys }: ReturnType<typeof keysOf> & { readonly id: string }) => {
  const dial = db
    .selectNoFrom([
      db.selectFrom('calls').select('id').where('id', '=', id).as('record'),
      db.selectFrom('dials').select('pair_id').where('id', '=', id).as('waits_with'),
    ])
    .as('dial');
  return db
    .selectFrom(dial)
    .leftJoin('permission_pairs', (join) =>
      join.on(({ eb, or, ref }) => or([eb('permission_pairs.id', '=', ref('dial.waits_with')), isFoundBy(keys)])),
    )
    .selectAll();
});

/** A dial without any pair yet has a row of its own nevertheless. */
function hasPair<Row extends { readonly id: string | null }>(row: Row): row is Row & PairRow {
  return row.id !== null;
}

async function place(db: Kysely<Schema>, { order, now }: Claim, pairId: string, waits: boolean): Promise<void> {
  if (!waits) return await writeDialRecord(db, order, pairId, 'initiated', now);
  const { phoneNumberId } = order;
  // The one in which the user was asked may have been ended meanwhile.
  const conversationId = await conversationFor(db, { pairId, phoneNumberId, at: now });
  await db.deleteFrom('dials').where('id', '=', order.id).execute();
  await placeCall(db, order.id, conversationId, now);
}
