import { randomUUID } from 'node:crypto';
import {
  type Expression,
  expressionBuilder,
  type Kysely,
  type Selectable,
  type SqlBool,
  type Updateable,
} from 'kysely';
import { canonicalWaId, type UserRef } from '../../permissions/ports.ts';
import { mergedContact, NOTHING_KNOWN } from '../contacts/contact-columns.ts';
import { moveConversations } from '../contacts/conversations.ts';
import { KeptQuery } from '../kept-query.ts';
import { projectOfNumber } from '../project-of-number.ts';
import type { PermissionPairsTable, Schema } from '../schema.ts';

export type PairRow = Selectable<PermissionPairsTable>;

/** What pairs are looked up by. A name that is not given is null, and leads to none. */
type PairKeys = Record<'phoneNumberId', string> & Record<'waId' | 'userId', string | null>;

export function keysOf(phoneNumberId: string, { waId, userId }: UserRef): PairKeys {
  return { phoneNumberId, waId: waId === null ? null : canonicalWaId(waId), userId };
}

/** The pairs to which a user's names lead, as a condition: an alternative for each name, which has an index of its own. */
export function isFoundBy({ phoneNumberId, waId, userId }: PairKeys): Expression<SqlBool> {
  const pair = expressionBuilder<Schema, 'permission_pairs'>();
  const ofNumber = pair('phone_number_id', '=', phoneNumberId);
  return pair.or([ofNumber.and('wa_id', '=', waId), ofNumber.and('user_id', '=', userId)]);
}

/**
 * Which of the pairs that a user's names lead to is meant: if there are two, the phone number decides, as at Graph
 * (meta-calling.md §2.1).
 */
export function meantBy(keys: PairKeys, pairs: readonly PairRow[]): PairRow | null {
  const { byPhone, byUser } = byName(keys, pairs);
  return byPhone ?? byUser;
}

/** Looks up the pair that is meant by a user's names. */
export async function findPair(db: Kysely<Schema>, phoneNumberId: string, user: UserRef): Promise<PairRow | null> {
  return meantBy(keysOf(phoneNumberId, user), await findPairs(db, phoneNumberId, user));
}

/** All pairs that a user's names lead to: two, if nobody has told yet that they are one. */
export async function findPairs(db: Kysely<Schema>, phoneNumberId: string, user: UserRef): Promise<readonly PairRow[]> {
  return hasName(user) ? await PAIRS.execute(db, keysOf(phoneNumberId, user)) : [];
}

const PAIRS = new KeptQuery((db, keys: PairKeys) =>
  db.selectFrom('permission_pairs').selectAll().where(isFoundBy(keys)),
);

/**
 * Finds the pair or makes it, in the transaction of `db`.
 *
 * @param at now, Unix milliseconds
 */
export async function pairFor(db: Kysely<Schema>, phoneNumberId: string, user: UserRef, at: number): Promise<string> {
  const pair = await findPair(db, phoneNumberId, user);
  return pair?.id ?? (await newPairFor(db, phoneNumberId, user, at));
}

/**
 * Makes the pair of a user whom a client names and who has none, in the transaction of `db`. The client's word that two
 * names are one person is not taken: it may be wrong, and the ledgers of two people would become one.
 */
export async function newPairFor(
  db: Kysely<Schema>,
  phoneNumberId: string,
  user: UserRef,
  at: number,
): Promise<string> {
  return await makePair(db, phoneNumberId, user.waId === null ? user : { waId: user.waId, userId: null }, at);
}

/**
 * Finds the pair that a webhook names, or makes it, in the transaction of `db`. What the webhook says of the names holds:
 * two pairs become one, and a number that has passed to another person is taken from the pair that had it.
 */
export async function linkedPair(
  db: Kysely<Schema>,
  phoneNumberId: string,
  user: UserRef,
  at: number,
): Promise<string> {
  const { byPhone, byUser } = byName(keysOf(phoneNumberId, user), await findPairs(db, phoneNumberId, user));
  const known = byUser ?? byPhone;
  if (known === null) return await makePair(db, phoneNumberId, user, at);
  if (user.waId === null || user.userId === null || byUser?.id === byPhone?.id) return known.id;
  if (byPhone !== null && byPhone.user_id !== null) await change(db, byPhone.id, { wa_id: null });
  if (byUser === null) {
    if (known.user_id !== null) return await makePair(db, phoneNumberId, user, at);
    await change(db, known.id, { user_id: user.userId });
    return known.id;
  }
  if (byPhone !== null && byPhone.user_id === null) await merge(db, byPhone, byUser, at);
  await change(db, byUser.id, { wa_id: canonicalWaId(user.waId) });
  return byUser.id;
}

/** A user without any name, which no webhook should bring, has no pair. */
export function hasName(user: UserRef): boolean {
  return user.waId !== null || user.userId !== null;
}

/** How long a word of the user opens the service window (meta-calling.md §6). */
export const WINDOW_MS = 24 * 3_600_000;

/** Opens the service window, or keeps it open for longer. */
export async function openWindow(db: Kysely<Schema>, pairId: string, until: number): Promise<void> {
  await OPEN_WINDOW.execute(db, { pairId, until });
}

const OPEN_WINDOW = new KeptQuery((db, { pairId, until }: { readonly pairId: string; readonly until: number }) =>
  db
    .updateTable('permission_pairs')
    .set({ window_until: until })
    .where('id', '=', pairId)
    .where((where) => where.or([where('window_until', 'is', null), where('window_until', '<', until)])),
);

function byName({ waId, userId }: PairKeys, pairs: readonly PairRow[]) {
  return {
    byPhone: pairs.find((pair) => waId !== null && pair.wa_id === waId) ?? null,
    byUser: pairs.find((pair) => userId !== null && pair.user_id === userId) ?? null,
  };
}

async function makePair(db: Kysely<Schema>, phoneNumberId: string, user: UserRef, at: number): Promise<string> {
  const id = randomUUID();
  const row = {
    id,
    phone_number_id: phoneNumberId,
    wa_id: user.waId === null ? null : canonicalWaId(user.waId),
    user_id: user.userId,
    grant_status: null,
    grant_expires_at: null,
    grant_source: null,
    grant_at: null,
    live: null,
    live_at: null,
    refused_code: null,
    refused_until: null,
    window_until: null,
    streak_since: null,
    project_id: projectOfNumber(phoneNumberId),
    ...NOTHING_KNOWN,
    created_at: at,
    updated_at: at,
  };
  await db.insertInto('permission_pairs').values(row).execute();
  return id;
}

/** Of what both knew, the newer holds; what both did, counts. */
async function merge(db: Kysely<Schema>, from: PairRow, into: PairRow, at: number): Promise<void> {
  const move = { pair_id: into.id };
  await db.updateTable('calls').set(move).where('pair_id', '=', from.id).execute();
  await db.updateTable('permission_requests').set(move).where('pair_id', '=', from.id).execute();
  await db.updateTable('dials').set(move).where('pair_id', '=', from.id).execute();
  await db.updateTable('messages').set(move).where('pair_id', '=', from.id).execute();
  await moveConversations(db, from.id, into.id, at);
  await db.deleteFrom('permission_pairs').where('id', '=', from.id).execute();
  const grant = newer(from, into, 'grant_at');
  const report = newer(from, into, 'live_at');
  const refusal = newer(from, into, 'refused_until');
  await change(db, into.id, {
    grant_status: grant.grant_status,
    grant_expires_at: grant.grant_expires_at,
    grant_source: grant.grant_source,
    grant_at: grant.grant_at,
    live: report.live,
    live_at: report.live_at,
    refused_code: refusal.refused_code,
    refused_until: refusal.refused_until,
    window_until: newer(from, into, 'window_until').window_until,
    streak_since: newer(from, into, 'streak_since').streak_since,
    ...mergedContact(from, into),
  });
}

type PairTime = 'grant_at' | 'live_at' | 'refused_until' | 'window_until' | 'streak_since';

function newer(one: PairRow, other: PairRow, by: PairTime): PairRow {
  return (one[by] ?? Number.NEGATIVE_INFINITY) > (other[by] ?? Number.NEGATIVE_INFINITY) ? one : other;
}

async function change(db: Kysely<Schema>, id: string, changes: Updateable<PermissionPairsTable>): Promise<void> {
  await db.updateTable('permission_pairs').set(changes).where('id', '=', id).execute();
}
