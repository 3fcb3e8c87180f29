import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Grant, LiveReport, NumberState, UserRef } from '../../permissions/ports.ts';
import type { Schema } from '../schema.ts';
import { linkedPair, pairFor } from './pairs.ts';
import { tellGrant } from './permission-events.ts';
import { markAnswered } from './requests.ts';

/** Meta tells times in whole seconds, so that a call of the same second may have been before. */
const SECOND_MS = 1_000;

/**
 * Writes a grant that a webhook told, in the transaction of `db`. An older word never replaces a newer one, and what a call
 * of the user allows by itself, for a week, never what the user allowed for good, unless a report has shown since that this
 * was taken back: Meta may not tell it otherwise (meta-calling.md §3.7).
 */
export async function writeGrant(
  db: Kysely<Schema>,
  phoneNumberId: string,
  user: UserRef,
  grant: Grant,
  answers: string | null,
): Promise<void> {
  const pairId = await linkedPair(db, phoneNumberId, user, grant.at);
  const isLess = grant.source === 'callback' && !(await isTakenBack(db, pairId));
  const { numUpdatedRows } = await db
    .updateTable('permission_pairs')
    .set({
      grant_status: grant.status,
      grant_expires_at: grant.expiresAt,
      grant_source: grant.source,
      grant_at: grant.at,
    })
    .where('id', '=', pairId)
    .where((where) => where.or([where('grant_at', 'is', null), where('grant_at', '<=', grant.at)]))
    .$if(isLess, (pair) => pair.where((where) => notPermanent(where)))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) await tellGrant(db, { pairId, phoneNumberId, user, grant, answers });
  if (answers !== null) await markAnswered(db, pairId, answers, grant);
  // WhatsApp takes a permission back for the calls that nobody picked up until then; the count begins anew.
  if (grant.source === 'auto_revoked') await beginStreak(db, pairId, grant.at + SECOND_MS - 1);
}

/** Whether a report that is newer than the grant knows of nothing that was allowed for good. */
async function isTakenBack(db: Kysely<Schema>, pairId: string): Promise<boolean> {
  const pair = await db
    .selectFrom('permission_pairs')
    .select(['grant_at', 'live', 'live_at'])
    .where('id', '=', pairId)
    .executeTakeFirst();
  if (pair === undefined || pair.live === null || pair.live_at === null) return false;
  const { status } = JSON.parse(pair.live) as LiveReport;
  return status !== 'permanent' && pair.live_at >= (pair.grant_at ?? 0) + SECOND_MS;
}

function notPermanent(where: ExpressionBuilder<Schema, 'permission_pairs'>) {
  return where.or([where('grant_status', 'is', null), where('grant_status', '!=', 'permanent')]);
}

async function beginStreak(db: Kysely<Schema>, pairId: string, since: number): Promise<void> {
  await db
    .updateTable('permission_pairs')
    .set({ streak_since: since })
    .where('id', '=', pairId)
    .where((where) => where.or([where('streak_since', 'is', null), where('streak_since', '<', since)]))
    .execute();
}

/** Writes a report of Graph, in the transaction of `db`, unless a later one is there. */
export async function writeReport(
  db: Kysely<Schema>,
  phoneNumberId: string,
  user: UserRef,
  report: LiveReport,
): Promise<void> {
  const pairId = await pairFor(db, phoneNumberId, user, report.at);
  await db
    .updateTable('permission_pairs')
    .set({ live: JSON.stringify(report), live_at: report.at })
    .where('id', '=', pairId)
    .where((where) => where.or([where('live_at', 'is', null), where('live_at', '<=', report.at)]))
    .execute();
}

export async function writeRefusal(
  db: Kysely<Schema>,
  phoneNumberId: string,
  user: UserRef,
  code: number,
  until: number,
  at: number,
): Promise<void> {
  const pairId = await pairFor(db, phoneNumberId, user, at);
  await db
    .updateTable('permission_pairs')
    .set({ refused_code: code, refused_until: until })
    .where('id', '=', pairId)
    .execute();
}

/** A copy of an older word never replaces a newer one; a guess, whose `at` is null, is replaced by any. */
export async function writePause(
  db: Kysely<Schema>,
  phoneNumberId: string,
  pause: NumberState['paused'],
  at: number | null,
): Promise<void> {
  const changes = { paused_code: pause?.code ?? null, paused_until: pause?.until ?? null, paused_at: at };
  await db
    .insertInto('number_states')
    .values({ phone_number_id: phoneNumberId, ...changes })
    .onConflict((conflict) =>
      conflict
        .column('phone_number_id')
        .doUpdateSet(changes)
        .where((where) =>
          where.or([
            where('number_states.paused_at', 'is', null),
            where('number_states.paused_at', '<=', at ?? Number.MAX_SAFE_INTEGER),
          ]),
        ),
    )
    .execute();
}
