import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallFilter, CallListQuery } from '../../src/calls-api/ports.ts';
import type { Database, DatabasePlace } from '../../src/storage/index.ts';
import { T0 } from '../support/call.ts';
import { openTestDatabase } from '../support/database.ts';
import { DATABASES, rowsIn } from '../support/databases.ts';

/** A call as the list sees it. */
interface Listed {
  readonly id: string;
  readonly callId: string;
  readonly projectId: string;
  readonly phoneNumberId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly status: string;
  readonly agentId: string | null;
  readonly user: string;
  readonly createdAt: number;
  readonly startedAt: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** From a record to its call's start: most at once, and all around the five minutes from which a call is odd. */
const GAPS = [0, 0, 0, -900, 4 * MINUTE, 5 * MINUTE, 5 * MINUTE + 1, -5 * MINUTE, -5 * MINUTE - 1, 3 * HOUR, -7 * HOUR];
const STATUSES = ['scheduled', 'ringing', 'completed', 'completed', 'failed'] as const;
const NUMBERS = ['1065001', '1065002'];
const AGENTS = ['agent-1', 'agent-2', null];
const USERS = ['15550100001', '15550100002'];
const TIMES = { min: 0, max: 12 };

const minutes = fc.integer(TIMES).map((n) => T0 + n * 3 * MINUTE);
/** A moment at which, or around which, calls begin. */
const moment = fc.tuple(minutes, fc.constantFrom(...GAPS)).map(([at, gap]) => at + gap);
/** Either end may be open; the second may be before the first. */
const someSpan = fc.oneof(
  fc.record({ since: fc.constant(null), until: fc.constant(null) }),
  fc.record({ since: moment, until: fc.constant(null) }),
  fc.record({ since: fc.constant(null), until: moment }),
  fc.record({ since: moment, until: moment }),
);

/** In two projects that have the same numbers, one after the other. */
const someCalls = fc
  .array(
    fc.record({
      ours: fc.boolean(),
      phoneNumberId: fc.constantFrom(...NUMBERS),
      direction: fc.constantFrom('inbound', 'outbound'),
      status: fc.constantFrom(...STATUSES),
      agentId: fc.constantFrom(...AGENTS),
      user: fc.constantFrom(...USERS),
      createdAt: minutes,
      gap: fc.constantFrom(...GAPS),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((calls) => {
    const [project, other] = [randomUUID(), randomUUID()];
    const listed = calls.map(({ ours, gap, ...call }): Listed => {
      const id = randomUUID();
      return { ...call, id, callId: `wacid.${id}`, projectId: ours ? project : other, startedAt: call.createdAt + gap };
    });
    return { project, calls: listed };
  });

/** Mostly not: of a log of forty calls few are left by two filters. */
const maybe = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(null), weight: 2 }, { arbitrary: value, weight: 1 });

const someFilter = fc
  .record({
    phoneNumberId: maybe(fc.constantFrom(...NUMBERS)),
    direction: maybe(fc.constantFrom('inbound' as const, 'outbound' as const)),
    status: maybe(fc.constantFrom(...STATUSES, 'answered' as const)),
    agentId: maybe(fc.constantFrom('agent-1', 'agent-2', 'nobody')),
    user: maybe(fc.constantFrom(...USERS, '15550100009').map((waId) => ({ waId, userId: null }))),
    span: someSpan,
  })
  .map(({ span, ...filter }) => ({ ...filter, ...span }));

type Filter = Omit<CallFilter, 'projectId' | 'callId'>;

/** The same list by one look at every call. */
function plainly(calls: readonly Listed[], project: string, filter: Filter): string[] {
  const { phoneNumberId, direction, status, agentId, user, since, until } = filter;
  return calls
    .filter((call) => call.projectId === project)
    .filter((call) => phoneNumberId === null || call.phoneNumberId === phoneNumberId)
    .filter((call) => direction === null || call.direction === direction)
    .filter((call) => status === null || call.status === status)
    .filter((call) => agentId === null || call.agentId === agentId)
    .filter((call) => user === null || call.user === user.waId)
    .filter((call) => (since === null || call.startedAt >= since) && (until === null || call.startedAt <= until))
    .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
    .map(({ id }) => id);
}

/** What lists of any log must hold; more runs cost PostgreSQL much more. */
const RUNS = { SQLite: 60, PostgreSQL: 15 } as const;

describe.each(DATABASES)('list of calls ($name)', ({ name, fresh }) => {
  it('has, whatever is filtered, what one look at every call finds, by cursors and by numbers', async () => {
    const place = await fresh();
    const { calls } = await openTestDatabase(place);
    await addPairs(place);
    await fc.assert(
      fc.asyncProperty(
        someCalls,
        fc.array(someFilter, { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 1, max: 6 }),
        async (log, filters, size) => {
          await addCalls(place, log.calls);
          for (const filter of filters) {
            const query = { ...filter, projectId: log.project, callId: null };
            const expected = plainly(log.calls, log.project, filter);
            expect(await walkForwards(calls, query, size)).toEqual(expected);
            expect(await walkBack(calls, query, size)).toEqual(expected);
            expect(await walkNumbers(calls, query, size)).toEqual(expected);
          }
        },
      ),
      { numRuns: RUNS[name] },
    );
  });
});

type Calls = Database['calls'];

async function walkForwards(calls: Calls, filter: CallFilter, limit: number): Promise<string[]> {
  const seen: string[] = [];
  let query: CallListQuery = { ...filter, limit, after: null, before: null };
  for (;;) {
    const page = await calls.list(query);
    expect(page.before === null).toBe(seen.length === 0);
    seen.push(...page.data.map(({ id }) => id));
    if (page.after === null) return seen;
    query = { ...query, after: page.after };
  }
}

/** From the far end, which is found by a cursor of its own, so that the oldest of a span are come upon first. */
async function walkBack(calls: Calls, filter: CallFilter, limit: number): Promise<string[]> {
  const seen: string[] = [];
  const oldest = Buffer.from(JSON.stringify([0, 'x'])).toString('base64url');
  let query: CallListQuery = { ...filter, limit, after: null, before: oldest };
  for (;;) {
    const page = await calls.list(query);
    expect(page.after === null).toBe(seen.length === 0);
    seen.unshift(...page.data.map(({ id }) => id));
    if (page.before === null) return seen;
    query = { ...query, before: page.before };
  }
}

async function walkNumbers(calls: Calls, filter: CallFilter, size: number): Promise<string[]> {
  const seen: string[] = [];
  for (let number = 1; ; number += 1) {
    const page = await calls.listNumbered(filter, { number, size });
    if (page.data.length === 0) {
      expect(page).toMatchObject({ count: seen.length, isExact: true });
      return seen;
    }
    seen.push(...page.data.map(({ id }) => id));
  }
}

async function addPairs(place: DatabasePlace): Promise<void> {
  const pairs = NUMBERS.flatMap((number) => USERS.map((user) => `('${number}-${user}', '${number}', '${user}')`));
  await rowsIn(place, `insert into permission_pairs (id, phone_number_id, wa_id) values ${pairs.join()}`);
}

async function addCalls(place: DatabasePlace, calls: readonly Listed[]): Promise<void> {
  const text = (value: string | null) => (value === null ? 'null' : `'${value}'`);
  const rows = calls.map((call) => {
    const texts = [call.id, call.callId, call.projectId, call.phoneNumberId, call.direction, call.status, call.agentId];
    const pair = text(`${call.phoneNumberId}-${call.user}`);
    return `(${texts.map(text).join()}, ${pair}, ${call.startedAt}, ${call.createdAt}, ${call.createdAt})`;
  });
  await rowsIn(
    place,
    `insert into calls (id, call_id, project_id, phone_number_id, direction, status, agent_id, pair_id, started_at,
      created_at, updated_at) values ${rows.join()}`,
  );
}
