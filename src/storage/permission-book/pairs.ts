import { randomUUID } from 'node:crypto';
import type { Kysely, Selectable, Updateable } from 'kysely';
import { canonicalWaId, type UserRef } from '../../permissions/ports.ts';
import type { PermissionPairsTable, Schema } from '../schema.ts';

export type PairRow = Selectable<PermissionPairsTable>;

/** Looks a pair up. If both names are given and belong to two pairs, the phone number decides, as at Graph (meta-calling.md §2.1). */
export async function findPair(db: Kysely<Schema>, phoneNumberId: string, user: UserRef): Promise<PairRow | null> {
  const { byPhone, byUser } = await pairsOf(db, phoneNumberId, user);
  return byPhone ?? byUser;
}

/** All pairs that a user's names lead to: two, if nobody has told yet that they are one. */
export async function findPairs(db: Kysely<Schema>, phoneNumberId: string, user: UserRef): Promise<PairRow[]> {
  const { byPhone, byUser } = await pairsOf(db, phoneNumberId, user);
  return [...new Map([byPhone, byUser].flatMap((pair) => (pair === null ? [] : [[pair.id, pair]]))).values()];
}

/**
 * Finds the pair or makes it, in the transaction of `db`. A client's word that two names are one person is not taken: it
 * may be wrong, and the ledgers of two people would become one.
 */
export async function pairFor(db: Kysely<Schema>, phoneNumberId: string, user: UserRef): Promise<string> {
  const pair = await findPair(db, phoneNumberId, user);
  if (pair !== null) return pair.id;
  return await makePair(db, phoneNumberId, user.waId === null ? user : { waId: user.waId, userId: null });
}

/**
 * Finds the pair that a webhook names, or makes it, in the transaction of `db`. What the webhook says of the names holds:
 * two pairs become one, and a number that has passed to another person is taken from the pair that had it.
 */
export async function linkedPair(db: Kysely<Schema>, phoneNumberId: string, user: UserRef): Promise<string> {
  const { byPhone, byUser } = await pairsOf(db, phoneNumberId, user);
  const known = byUser ?? byPhone;
  if (known === null) return await makePair(db, phoneNumberId, user);
  if (user.waId === null || user.userId === null || byUser?.id === byPhone?.id) return known.id;
  if (byPhone !== null && byPhone.user_id !== null) await change(db, byPhone.id, { wa_id: null });
  if (byUser === null) {
    if (known.user_id !== null) return await makePair(db, phoneNumberId, user);
    await change(db, known.id, { user_id: user.userId });
    return known.id;
  }
  if (byPhone !== null && byPhone.user_id === null) await merge(db, byPhone, byUser);
  await change(db, byUser.id, { wa_id: canonicalWaId(user.waId) });
  return byUser.id;
}

/** A user without any name, which no webhook should bring, has no pair. */
export function hasName(user: UserRef): boolean {
  return user.waId !== null || user.userId !== null;
}

/** Opens the service window, or keeps it open for longer. */
export async function openWindow(db: Kysely<Schema>, pairId: string, until: number): Promise<void> {
  await db
    .updateTable('permission_pairs')
    .set({ window_until: until })
    .where('id', '=', pairId)
    .where((where) => where.or([where('window_until', 'is', null), where('window_until', '<', until)]))
    .execute();
}

async function pairsOf(
  db: Kysely<Schema>,
  phoneNumberId: string,
  user: UserRef,
): Promise<{ byPhone: PairRow | null; byUser: PairRow | null }> {
  if (!hasName(user)) return { byPhone: null, byUser: null };
  const waId = user.waId === null ? null : canonicalWaId(user.waId);
  const rows = await db
    .selectFrom('permission_pairs')
    .selectAll()
    .where('phone_number_id', '=', phoneNumberId)
    .where((where) =>
      where.or([
        ...(waId === null ? [] : [where('wa_id', '=', waId)]),
        ...(user.userId === null ? [] : [where('user_id', '=', user.userId)]),
      ]),
    )
    .execute();
  return {
    byPhone: rows.find((row) => waId !== null && row.wa_id === waId) ?? null,
    byUser: rows.find((row) => user.userId !== null && row.user_id === user.userId) ?? null,
  };
}

async function makePair(db: Kysely<Schema>, phoneNumberId: string, user: UserRef): Promise<string> {
  const id = randomUUID();
  const row: PermissionPairsTable = {
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
  };
  await db.insertInto('permission_pairs').values(row).execute();
  return id;
}

/** Of what both knew, the newer holds; what both did, counts. */
async function merge(db: Kysely<Schema>, from: PairRow, into: PairRow): Promise<void> {
  const move = { pair_id: into.id };
  await db.updateTable('calls').set(move).where('pair_id', '=', from.id).execute();
  await db.updateTable('permission_requests').set(move).where('pair_id', '=', from.id).execute();
  await db.updateTable('dials').set(move).where('pair_id', '=', from.id).execute();
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
  });
}

type PairTime = 'grant_at' | 'live_at' | 'refused_until' | 'window_until' | 'streak_since';

function newer(one: PairRow, other: PairRow, by: PairTime): PairRow {
  return (one[by] ?? Number.NEGATIVE_INFINITY) > (other[by] ?? Number.NEGATIVE_INFINITY) ? one : other;
}

async function change(db: Kysely<Schema>, id: string, changes: Updateable<PermissionPairsTable>): Promise<void> {
  await db.updateTable('permission_pairs').set(changes).where('id', '=', id).execute();
}
