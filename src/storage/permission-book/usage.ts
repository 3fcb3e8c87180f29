import { type Kysely, sql } from 'kysely';
import type { CallStatus } from '../../call/index.ts';
import type { Grant, NumberState, PairState } from '../../permissions/ports.ts';
import type { Schema } from '../schema.ts';
import type { PairRow } from './pairs.ts';

const DAY_MS = 24 * 3_600_000;
/** Twice the time for which a call or a request counts (meta-calling.md §6): see `PairState`. */
const CONNECTED_MS = 2 * DAY_MS;
const REQUESTED_MS = 14 * DAY_MS;

/** Live or being placed. A dial that waits is neither. */
const LIVE: readonly CallStatus[] = ['initiated', 'ringing', 'answered'];

/** What the calls and requests of a pair add up to. */
export async function pairState(db: Kysely<Schema>, pair: PairRow | null, now: number): Promise<PairState> {
  if (pair === null) return NOTHING_KNOWN;
  // First whether a call is live: one that ends meanwhile is in the counts that are read after it.
  const { liveCall, lastConnectedAt } = await liveAndLast(db, pair.id);
  const connected = await connectedSince(db, pair.id, now - CONNECTED_MS);
  const unanswered = await unansweredSince(db, pair, lastConnectedAt);
  const requests = await requestsSince(db, pair.id, now - REQUESTED_MS);
  const pending = requests.findLast(({ answered_at }) => answered_at === null);
  return {
    grant: grantOf(pair),
    live: pair.live === null ? null : JSON.parse(pair.live),
    refused:
      pair.refused_code === null || pair.refused_until === null || pair.refused_until <= now
        ? null
        : { code: pair.refused_code, until: pair.refused_until },
    windowUntil: pair.window_until,
    connectedAt: connected,
    lastConnectedAt,
    unanswered,
    liveCall,
    requestedAt: requests
      .map(({ requested_at }) => requested_at)
      .filter((at) => lastConnectedAt === null || at > lastConnectedAt),
    pendingRequest: pending === undefined ? null : { id: pending.id, at: pending.requested_at },
  };
}

/** What the calls and requests of a number add up to, over all users. */
export async function numberState(db: Kysely<Schema>, phoneNumberId: string, now: number): Promise<NumberState> {
  const since = now - DAY_MS;
  const row = await db
    .selectNoFrom(({ selectFrom }) => [
      selectFrom('calls')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('phone_number_id', '=', phoneNumberId)
        .where('ending_class', 'is', null)
        .where('status', 'in', LIVE)
        .as('live_calls'),
      selectFrom('permission_requests')
        .select(({ fn }) => fn.count<number>('pair_id').distinct().as('count'))
        .where('phone_number_id', '=', phoneNumberId)
        .where('template', '=', 1)
        .where('requested_at', '>', since)
        .as('template_users'),
      selectFrom('numbers')
        .select('display_phone_number')
        .where('phone_number_id', '=', phoneNumberId)
        .as('display_phone_number'),
    ])
    .executeTakeFirstOrThrow();
  const dials = await dialsSince(db, phoneNumberId, since);
  return {
    displayPhoneNumber: row.display_phone_number?.replace(/\D/g, '') || null,
    liveCalls: row.live_calls ?? 0,
    dials24h: dials.count,
    oldestDialAt: dials.oldest,
    templateUsers24h: row.template_users ?? 0,
    paused: await pauseOf(db, phoneNumberId, now),
  };
}

const NOTHING_KNOWN: PairState = {
  grant: null,
  live: null,
  refused: null,
  windowUntil: null,
  connectedAt: [],
  lastConnectedAt: null,
  unanswered: 0,
  liveCall: null,
  requestedAt: [],
  pendingRequest: null,
};

async function liveAndLast(db: Kysely<Schema>, pairId: string) {
  const row = await db
    .selectNoFrom(({ selectFrom }) => [
      selectFrom('calls')
        .select('id')
        .where('pair_id', '=', pairId)
        .where('ending_class', 'is', null)
        .where('status', 'in', LIVE)
        .limit(1)
        .as('live_call'),
      selectFrom('calls')
        .select(({ fn }) => fn.max('session_started_at').as('last'))
        .where('pair_id', '=', pairId)
        .as('last_connected_at'),
    ])
    .executeTakeFirstOrThrow();
  return { liveCall: row.live_call, lastConnectedAt: row.last_connected_at };
}

async function connectedSince(db: Kysely<Schema>, pairId: string, since: number): Promise<number[]> {
  const rows = await db
    .selectFrom('calls')
    .select('session_started_at as at')
    .where('pair_id', '=', pairId)
    .where('session_started_at', '>', since)
    .where('direction', '=', 'outbound')
    .orderBy('session_started_at')
    .execute();
  return rows.flatMap(({ at }) => at ?? []);
}

/** Those that Meta had: it names every call that it rings. A call of which Meta has not told by now rang nowhere. */
async function unansweredSince(db: Kysely<Schema>, pair: PairRow, lastConnectedAt: number | null): Promise<number> {
  const { count } = await db
    .selectFrom('calls')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('pair_id', '=', pair.id)
    .where('session_started_at', 'is', null)
    .where('ended_at', '>', lastConnectedAt ?? 0)
    .where('direction', '=', 'outbound')
    .whereRef('call_id', '!=', 'id')
    .where('placed_at', '>', pair.streak_since ?? 0)
    .executeTakeFirstOrThrow();
  return count;
}

async function requestsSince(db: Kysely<Schema>, pairId: string, since: number) {
  return await db
    .selectFrom('permission_requests')
    .select(['id', 'requested_at', 'answered_at'])
    .where('pair_id', '=', pairId)
    .where('requested_at', '>', since)
    .orderBy('requested_at')
    .execute();
}

/**
 * Graph does not count what it refused. Of up to 10,000 calls (meta-calling.md §2.1) at every dial, it is cheaper to count
 * all and the few that were refused, each from an index alone, than to look at each.
 */
async function dialsSince(db: Kysely<Schema>, phoneNumberId: string, since: number) {
  const row = await db
    .selectNoFrom(({ selectFrom }) => {
      const placed = selectFrom('calls').where('phone_number_id', '=', phoneNumberId).where('placed_at', '>', since);
      return [
        placed.select(({ fn }) => fn.countAll<number>().as('count')).as('placed'),
        placed
          .select(({ fn }) => fn.countAll<number>().as('count'))
          // As a literal: SQLite uses a partial index only where it sees its condition.
          .where('ending_reason', '=', sql.lit('connect_refused'))
          .as('refused'),
        placed
          .select('placed_at')
          .where((where) =>
            where.or([where('ending_reason', 'is', null), where('ending_reason', '!=', 'connect_refused')]),
          )
          .orderBy('placed_at')
          .limit(1)
          .as('oldest'),
      ];
    })
    .executeTakeFirstOrThrow();
  return { count: (row.placed ?? 0) - (row.refused ?? 0), oldest: row.oldest };
}

async function pauseOf(db: Kysely<Schema>, phoneNumberId: string, now: number): Promise<NumberState['paused']> {
  const row = await db
    .selectFrom('number_states')
    .select(['paused_code', 'paused_until'])
    .where('phone_number_id', '=', phoneNumberId)
    .executeTakeFirst();
  if (row === undefined || row.paused_code === null) return null;
  if (row.paused_until !== null && row.paused_until <= now) return null;
  return { code: row.paused_code, until: row.paused_until };
}

function grantOf(pair: PairRow): Grant | null {
  const { grant_status: status, grant_source: source, grant_at: at } = pair;
  if (status === null || source === null || at === null) return null;
  return { status, expiresAt: pair.grant_expires_at, source, at };
}
