import { type Kysely, type Selection, sql } from 'kysely';
import type { CallStatus } from '../../call/index.ts';
import type { Grant, NumberState, PairState } from '../../permissions/ports.ts';
import { KeptQuery } from '../kept-query.ts';
import type { Schema } from '../schema.ts';
import type { PairRow } from './pairs.ts';

const DAY_MS = 24 * 3_600_000;
/** Twice the time for which a call or a request counts (meta-calling.md §6): see `PairState`. */
const CONNECTED_MS = 2 * DAY_MS;
const REQUESTED_MS = 14 * DAY_MS;

/** As a literal: of a limit that PostgreSQL does not see it expects so many rows that it plans for each value anew. */
const ONE = sql.lit(1);

/** Live or being placed. A dial that waits is neither. */
export const LIVE: readonly CallStatus[] = ['initiated', 'ringing', 'answered'];

/**
 * What the calls and requests of a number, over all its users, and of one of its pairs add up to. It is one statement, for a
 * dial waits for each, and because one sees one moment, in a transaction or not: a call that ends meanwhile is either live
 * in it or counted.
 */
export async function usageOf(
  db: Kysely<Schema>,
  phoneNumberId: string,
  pair: PairRow | null,
  now: number,
): Promise<{ number: NumberState; pair: PairState }> {
  if (pair === null) {
    const [row] = await NUMBER.execute(db, numberValues(phoneNumberId, now));
    return { number: toNumberState(row!, now), pair: NOTHING_KNOWN };
  }
  const [row] = await BOTH.execute(db, { ...numberValues(phoneNumberId, now), ...pairValues(pair, now) });
  return { number: toNumberState(row!, now), pair: toPairState(pair, row!, now) };
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

function numberValues(phoneNumberId: string, now: number) {
  return { phoneNumberId, daySince: now - DAY_MS };
}

function pairValues({ id, streak_since }: PairRow, now: number) {
  return {
    pairId: id,
    connectedSince: now - CONNECTED_MS,
    requestedSince: now - REQUESTED_MS,
    streakSince: streak_since ?? 0,
  };
}

type NumberValues = ReturnType<typeof numberValues>;
type PairValues = ReturnType<typeof pairValues>;

const NUMBER = new KeptQuery((db, values: NumberValues) => db.selectNoFrom(numberColumns(db, values)));
const BOTH = new KeptQuery((db, values: NumberValues & PairValues) =>
  db.selectNoFrom([...numberColumns(db, values), ...pairColumns(db, values)]),
);

/** Each of these is a lookup in an index of its own (migrations/0003-outbound.ts), however many calls there are. */
function numberColumns(db: Kysely<Schema>, { phoneNumberId, daySince }: NumberValues) {
  const calls = db.selectFrom('calls').where('phone_number_id', '=', phoneNumberId);
  const placed = calls.where('placed_at', '>', daySince);
  const state = db.selectFrom('number_states').where('phone_number_id', '=', phoneNumberId);
  return [
    db
      .selectFrom('numbers')
      .select('display_phone_number')
      .where('phone_number_id', '=', phoneNumberId)
      .as('display_phone_number'),
    calls
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('ending_class', 'is', null)
      .where('status', 'in', LIVE)
      .as('live_calls'),
    // Graph does not count what it refused. Of up to 10,000 calls (meta-calling.md §2.1) it is cheaper to count all and the
    // few that were refused, each from an index alone, than to look at each.
    placed.select(({ fn }) => fn.countAll<number>().as('count')).as('placed'),
    placed
      .select(({ fn }) => fn.countAll<number>().as('count'))
      // As a literal: SQLite uses a partial index only where it sees its condition.
      .where('ending_reason', '=', sql.lit('connect_refused'))
      .as('refused'),
    placed
      .select('placed_at')
      .where((where) => where.or([where('ending_reason', 'is', null), where('ending_reason', '!=', 'connect_refused')]))
      .orderBy('placed_at')
      .limit(ONE)
      .as('oldest_placed_at'),
    db
      .selectFrom('permission_requests')
      .select(({ fn }) => fn.count<number>('pair_id').distinct().as('count'))
      .where('phone_number_id', '=', phoneNumberId)
      .where('template', '=', 1)
      .where('requested_at', '>', daySince)
      .as('template_users'),
    state.select('settings_at').where('calling_status', '=', 'DISABLED').as('calling_off_at'),
    state.select('paused_code').as('paused_code'),
    state.select('paused_until').as('paused_until'),
  ];
}

function pairColumns(db: Kysely<Schema>, values: PairValues) {
  const calls = db.selectFrom('calls').where('pair_id', '=', values.pairId);
  const ours = calls.where('direction', '=', 'outbound');
  const lastConnected = calls.select(({ fn }) => fn.max('session_started_at').as('at'));
  const requests = db
    .selectFrom('permission_requests')
    .where('pair_id', '=', values.pairId)
    .where('requested_at', '>', values.requestedSince);
  const pending = requests.where('answered_at', 'is', null).orderBy('requested_at', 'desc').limit(ONE);
  return [
    calls.select('id').where('ending_class', 'is', null).where('status', 'in', LIVE).limit(ONE).as('live_call'),
    lastConnected.as('last_connected_at'),
    ours
      .select(listOf('session_started_at'))
      .where('session_started_at', '>', values.connectedSince)
      .as('connected_at'),
    // Those that Meta had: it names every call that it rings. A call of which Meta has not told by now rang nowhere.
    ours
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('session_started_at', 'is', null)
      .where('ended_at', '>', sql<number>`coalesce(${lastConnected}, 0)`)
      .whereRef('call_id', '!=', 'id')
      .where('placed_at', '>', values.streakSince)
      .as('unanswered'),
    requests.select(listOf('requested_at')).as('requested_at'),
    pending.select('id').as('pending_id'),
    pending.select('requested_at').as('pending_at'),
  ];
}

type Row<Columns extends (...args: never[]) => readonly unknown[]> = Selection<
  Schema,
  never,
  ReturnType<Columns>[number]
>;

function toNumberState(row: Row<typeof numberColumns>, now: number): NumberState {
  return {
    displayPhoneNumber: row.display_phone_number?.replace(/\D/g, '') || null,
    liveCalls: row.live_calls ?? 0,
    dials24h: (row.placed ?? 0) - (row.refused ?? 0),
    oldestDialAt: row.oldest_placed_at,
    templateUsers24h: row.template_users ?? 0,
    callingOff: row.calling_off_at === null ? null : { at: row.calling_off_at },
    paused:
      row.paused_code === null || (row.paused_until !== null && row.paused_until <= now)
        ? null
        : { code: row.paused_code, until: row.paused_until },
  };
}

function toPairState(pair: PairRow, row: Row<typeof pairColumns>, now: number): PairState {
  const lastConnectedAt = row.last_connected_at;
  return {
    grant: grantOf(pair),
    live: pair.live === null ? null : JSON.parse(pair.live),
    refused:
      pair.refused_code === null || pair.refused_until === null || pair.refused_until <= now
        ? null
        : { code: pair.refused_code, until: pair.refused_until },
    windowUntil: pair.window_until,
    connectedAt: timesIn(row.connected_at),
    lastConnectedAt,
    unanswered: row.unanswered ?? 0,
    liveCall: row.live_call,
    requestedAt: timesIn(row.requested_at).filter((at) => lastConnectedAt === null || at > lastConnectedAt),
    pendingRequest:
      row.pending_id === null || row.pending_at === null ? null : { id: row.pending_id, at: row.pending_at },
  };
}

function grantOf(pair: PairRow): Grant | null {
  const { grant_status: status, grant_source: source, grant_at: at } = pair;
  if (status === null || source === null || at === null) return null;
  return { status, expiresAt: pair.grant_expires_at, source, at };
}

/** Times, the oldest first, as one text: for a list in a column both databases have this function and no other. */
function listOf(column: 'session_started_at' | 'requested_at') {
  const at = sql.ref(column);
  return sql<string | null>`string_agg(cast(${at} as text), ',' order by ${at})`.as('times');
}

/** Null of no times. */
function timesIn(list: string | null): number[] {
  return list === null ? [] : list.split(',').map(Number);
}
