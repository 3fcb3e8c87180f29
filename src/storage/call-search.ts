import { type Compilable, type Kysely, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { CallStatus } from '../call/index.ts';
import type { CallFilter } from '../calls-api/ports.ts';
import { canonicalWaId } from '../permissions/ports.ts';
import { isBeyond, type Placed, type Reach } from './keyset-page.ts';
import type { CallsTable, Schema } from './schema.ts';

/*
 * How calls are found in a log of millions: every way to them reads one index that is in the order of the list
 * (migrations/0008-call-list.ts), and what a filter leaves open is walked value by value. No list sorts more than the
 * calls that it shows. A statement is built for what is filtered by, and then given the values (kept-query.ts).
 */

/** What is filtered by, and where the page is. What is not filtered by is not in it. */
export type Search = Readonly<Record<string, string | number>> & {
  readonly projectId: string;
  readonly phoneNumberId?: string;
  readonly direction?: CallsTable['direction'];
  readonly status?: CallStatus;
  readonly agentId?: string;
  readonly callId?: string;
  readonly waId?: string;
  readonly userId?: string;
  readonly since?: number;
  readonly sinceNearly?: number;
  readonly until?: number;
  readonly untilNearly?: number;
  /** When the records of the span were made, but where the page begins within it. */
  readonly madeFrom?: number;
  readonly madeTo?: number;
  /** Whose record was made at this time, or has this id, and what comes before or after it. */
  readonly createdAt?: number;
  readonly id?: string;
  readonly skip?: number;
};

/**
 * Most calls start within 5 minutes of their record. Those that do not are found by an index of their own: dials that waited,
 * webhooks that came late. The migration names this number as well.
 */
const ODD_MS = 300_000;

export function searchOf(filter: CallFilter, { side, beyond }: Omit<Reach, 'limit'>, skip = 0): Search {
  const { projectId, phoneNumberId, direction, status, agentId, callId, user, since, until } = filter;
  const [madeFrom, madeTo] = [since === null ? null : since - ODD_MS, until === null ? null : until + ODD_MS];
  // Given two bounds at one end, a database enters its index at either, and may read from there to the other.
  const begins = beyond !== null && isWithin(beyond.createdAt, side, madeFrom, madeTo);
  return {
    projectId,
    ...(phoneNumberId !== null && { phoneNumberId }),
    ...(direction !== null && { direction }),
    ...(status !== null && { status }),
    ...(agentId !== null && { agentId }),
    ...(callId !== null && { callId }),
    ...(user !== null && user.waId !== null && { waId: canonicalWaId(user.waId) }),
    ...(user !== null && user.userId !== null && { userId: user.userId }),
    ...(since !== null && { since, sinceNearly: since - ODD_MS }),
    ...(until !== null && { until, untilNearly: until + ODD_MS }),
    ...(madeFrom !== null && !(begins && side === 'newer') && { madeFrom }),
    ...(madeTo !== null && !(begins && side === 'older') && { madeTo }),
    ...(beyond !== null && { createdAt: beyond.createdAt, id: beyond.id }),
    ...(skip > 0 && { skip }),
  };
}

/** Whether the page begins at the cursor, and not at the end of the span behind it. */
function isWithin(at: number, side: Reach['side'], from: number | null, to: number | null): boolean {
  return side === 'newer' ? from === null || at >= from : to === null || at <= to;
}

/** One walk along an index. */
type Way = SelectQueryBuilder<Schema, 'calls', Placed>;

/** Where the calls are, the nearest first; and whether they are read straight from their table. */
export function placesOf(
  db: Kysely<Schema>,
  search: Search,
  { side, limit }: Omit<Reach, 'beyond'>,
): { readonly isOneWay: boolean; readonly places: Way } {
  const order = side === 'newer' ? 'asc' : 'desc';
  const inOrder = (way: Way) => way.orderBy('created_at', order).orderBy('id', order);
  const { skip } = search;
  const ways = waysTo(db, search, 'each', side).map(inOrder);
  // As a literal: see permission-book/usage.ts.
  const page = (places: Way) => (skip === undefined ? places : places.offset(skip)).limit(sql.lit(limit));
  // Ways that are in order are merged, and gone no further than needed. PostgreSQL must be told the order of each.
  return ways.length === 1
    ? { isOneWay: true, places: page(ways[0]!) }
    : { isOneWay: false, places: page(inOrder(together(db, ways))) };
}

/** How many match, but no more than `most`. */
export function countOf(db: Kysely<Schema>, search: Search, most: number): Compilable<{ readonly count: number }> {
  const places = together(db, waysTo(db, search, 'any', 'older')).limit(sql.lit(most));
  return db.selectFrom(places.as('found')).select(({ fn }) => fn.countAll<number>().as('count'));
}

function together(db: Kysely<Schema>, ways: readonly Way[]): Way {
  const [first, ...others] = ways.map((way) => db.selectFrom(way.as('calls')).select(['created_at', 'id']));
  return others.reduce((all, way) => all.unionAll(way), first!);
}

/** `each`: a way for each kind of call, as the order needs it. `any`: all kinds at once. */
function waysTo(db: Kysely<Schema>, search: Search, kinds: 'each' | 'any', side: Reach['side']): Way[] {
  const { callId, waId, userId, since, until, madeFrom, madeTo, createdAt, id } = search;
  const calls = db.selectFrom('calls').select(['created_at', 'id']);
  const beyond = (way: Way) =>
    createdAt === undefined || id === undefined ? way : way.where(isBeyond('calls', side, { createdAt, id }));
  if (callId !== undefined || waId !== undefined || userId !== undefined) {
    return [beyond(withUser(named(inSpan(lookedAt(calls, search, FILTERED), search), search), search))];
  }
  const way = startOf(calls, search);
  if (since === undefined && until === undefined) return ofKinds(beyond(way), search, kinds);
  const begins = (side === 'newer' ? madeFrom : madeTo) === undefined;
  const near = madeWithin(inSpan(begins ? beyond(way) : way, search), search);
  return [...ofKinds(near, search, kinds), ...oddCalls(calls, search).map(beyond)];
}

/** The beginning of an index: of the agent's, the number's or the project's calls, or the agent's on the number. */
function startOf(calls: Way, search: Search): Way {
  const { agentId, phoneNumberId, projectId } = search;
  const ofProject = calls.where('project_id', '=', projectId);
  const ofAgent = agentId === undefined ? ofProject : ofProject.where('agent_id', '=', agentId);
  return phoneNumberId === undefined ? ofAgent : ofAgent.where('phone_number_id', '=', phoneNumberId);
}

const DIRECTIONS = ['inbound', 'outbound'] as const satisfies CallsTable['direction'][];
const STATUSES = Object.keys({
  scheduled: true,
  awaiting_permission: true,
  initiated: true,
  ringing: true,
  answered: true,
  completed: true,
  failed: true,
} satisfies Record<CallStatus, true>) as CallStatus[];

/** There are two directions and seven statuses, so a filter by one of the two, or by an agent, walks several ways. */
function ofKinds(way: Way, { agentId, direction, status }: Search, kinds: 'each' | 'any'): Way[] {
  if (agentId === undefined && direction === undefined && status === undefined) return [way];
  const directions = direction === undefined ? DIRECTIONS : [direction];
  const statuses = status === undefined ? STATUSES : [status];
  if (kinds === 'any') return [way.where('direction', 'in', directions).where('status', 'in', statuses)];
  return directions.flatMap((each) =>
    statuses.map((one) => way.where('direction', '=', each).where('status', '=', one)),
  );
}

function inSpan(way: Way, { since, until }: Search): Way {
  const begun = since === undefined ? way : way.where('started_at', '>=', since);
  return until === undefined ? begun : begun.where('started_at', '<=', until);
}

function madeWithin(way: Way, { madeFrom, madeTo }: Search): Way {
  const begun = madeFrom === undefined ? way : way.where('created_at', '>=', madeFrom);
  return madeTo === undefined ? begun : begun.where('created_at', '<=', madeTo);
}

const IS_ODD = sql<SqlBool>`started_at not between created_at - 300000 and created_at + 300000`;

/** Those that started in the span although their record was made long before, or long after it. */
function oddCalls(calls: Way, search: Search): Way[] {
  const { projectId, since, sinceNearly, until, untilNearly } = search;
  const ofProject = inSpan(calls.where('project_id', '=', projectId).where(IS_ODD), search);
  const odd = lookedAt(ofProject, search, ['phone_number_id', 'direction', 'status', 'agent_id']);
  // As far from its start as any call of the project has its record: an index knows.
  const gap = (which: 'max' | 'min') =>
    sql<number>`(select ${sql.raw(which)}(started_at - created_at) from calls where project_id = ${projectId} and ${IS_ODD})`;
  return [
    ...(since === undefined || sinceNearly === undefined
      ? []
      : [odd.where('created_at', '<', sinceNearly).where('created_at', '>=', sql<number>`${since} - ${gap('max')}`)]),
    ...(until === undefined || untilNearly === undefined
      ? []
      : [odd.where('created_at', '>', untilNearly).where('created_at', '<=', sql<number>`${until} - ${gap('min')}`)]),
  ];
}

function named(way: Way, { callId }: Search): Way {
  if (callId === undefined) return way;
  return way.where((where) => where.or([where('call_id', '=', callId), where('id', '=', callId)]));
}

/** A number has one pair with the user; other numbers have others. */
function withUser(way: Way, { waId, userId }: Search): Way {
  if (waId === undefined && userId === undefined) return way;
  return way.where('pair_id', 'in', (db) =>
    db
      .selectFrom('permission_pairs')
      .select('permission_pairs.id')
      .where((where) =>
        where.or([
          ...(waId === undefined ? [] : [where('wa_id', '=', waId)]),
          ...(userId === undefined ? [] : [where('user_id', '=', userId)]),
        ]),
      ),
  );
}

const FILTERED = ['project_id', 'phone_number_id', 'direction', 'status', 'agent_id'] as const;

/** Filters that are judged call by call: written so that no database looks for an index for them. */
function lookedAt(way: Way, search: Search, columns: readonly (typeof FILTERED)[number][]): Way {
  const wanted: Record<(typeof FILTERED)[number], string | undefined> = {
    project_id: search.projectId,
    phone_number_id: search.phoneNumberId,
    direction: search.direction,
    status: search.status,
    agent_id: search.agentId,
  };
  return columns.reduce((each, column) => {
    const value = wanted[column];
    return value === undefined ? each : each.where(sql<SqlBool>`${sql.ref(column)} || '' = ${value}`);
  }, way);
}
