import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { CompiledQuery } from 'kysely';
import { describe, expect, it } from 'vitest';
import { type CallIdentity, DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { type CallListQuery, InvalidCursor } from '../../../src/calls-api/ports.ts';
import { listCalls, listNumberedCalls } from '../../../src/storage/call-list.ts';
import { decodeCursor, encodeCursor } from '../../../src/storage/cursor.ts';
import type { Database } from '../../../src/storage/index.ts';
import { T0 } from '../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';
import { ask, dialOrder } from '../../support/dial-order.ts';
import { overheardTables } from '../../support/overheard-tables.ts';

function query(parts: Partial<CallListQuery> = {}): CallListQuery {
  return {
    phoneNumberId: PHONE_NUMBER_ID,
    projectId: DEFAULT_PROJECT_ID,
    limit: 20,
    after: null,
    before: null,
    direction: null,
    status: null,
    callId: null,
    since: null,
    until: null,
    agentId: null,
    user: null,
    ...parts,
  };
}

async function add({ calls }: Database, differences: Partial<CallIdentity> = {}): Promise<CallIdentity> {
  const call = callIdentity(differences);
  await calls.create(call, 'ringing', call.startedAt, null);
  return call;
}

async function idsOf({ calls }: Database, parts: Partial<CallListQuery>): Promise<string[]> {
  return (await calls.list(query(parts))).data.map((call) => call.id);
}

/** A new database for each run costs PostgreSQL much more. */
const RUNS = { SQLite: 25, PostgreSQL: 6 } as const;

describe.each(DATABASES)('list of calls ($name)', ({ name, fresh }) => {
  it('walks every call once, newest first, forwards and back, whatever the page size', async () => {
    const database = await openTestDatabase(await fresh());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 25 }),
        fc.integer({ min: 1, max: 7 }),
        async (starts, limit) => {
          const phoneNumberId = randomUUID();
          const calls = await Promise.all(
            starts.map((start) => add(database, { phoneNumberId, startedAt: T0 + start })),
          );
          // Each comes behind those that were written before it, also one that began before them.
          const expected = calls.map((call) => call.id).reverse();

          const forwards: string[][] = [];
          let page = await database.calls.list(query({ phoneNumberId, limit }));
          expect(page.before).toBeNull();
          for (;;) {
            forwards.push(page.data.map((call) => call.id));
            if (page.after === null) break;
            page = await database.calls.list(query({ phoneNumberId, limit, after: page.after }));
          }
          expect(forwards.flat()).toEqual(expected);

          const backwards = [page.data.map((call) => call.id)];
          while (page.before !== null) {
            page = await database.calls.list(query({ phoneNumberId, limit, before: page.before }));
            backwards.unshift(page.data.map((call) => call.id));
          }
          expect(backwards.flat()).toEqual(expected);
        },
      ),
      { numRuns: RUNS[name] },
    );
  });

  it('neither repeats nor misses a call while new ones come in', async () => {
    const database = await openTestDatabase(await fresh());
    const old = await Promise.all([1, 2, 3, 4, 5].map((start) => add(database, { startedAt: T0 + start })));
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await database.calls.list(query({ limit: 2, after }));
      seen.push(...page.data.map((call) => call.id));
      after = page.after;
      await add(database, { startedAt: T0 + 1000 + seen.length });
    } while (after !== null);
    expect(seen).toEqual(old.map((call) => call.id).reverse());
  });

  it('goes back to calls that came in after the first page', async () => {
    const database = await openTestDatabase(await fresh());
    await add(database, { startedAt: T0 });
    await add(database, { startedAt: T0 + 1 });
    const first = await database.calls.list(query({ limit: 1 }));
    const second = await database.calls.list(query({ limit: 1, after: first.after }));
    const newer = await add(database, { startedAt: T0 + 2 });
    const back = await database.calls.list(query({ limit: 5, before: second.before }));
    expect(back.data.map((call) => call.id)).toEqual([newer.id, first.data[0]!.id]);
    expect(back.before).toBeNull();
    expect(back.after).not.toBeNull();
  });

  it('shows a call that was asked for before another and written after it to who reads what is newer', async () => {
    const database = await openTestDatabase(await fresh());
    await add(database, { startedAt: T0 });
    const quick = await add(database, { startedAt: T0 + 50 });
    const seen = await database.calls.list(query({ limit: 1 }));
    const [slow, same] = [await add(database, { startedAt: T0 + 20 }), await add(database, { startedAt: T0 + 50 })];
    const page = await database.calls.list(query({ after: seen.after }));
    const newer = await database.calls.list(query({ before: page.before }));
    expect(newer.data.map((call) => call.id)).toEqual([same.id, slow.id, quick.id]);
    // A clock that goes wrong for a while has no hold on the calls after it.
    const [ahead, after] = [
      await add(database, { startedAt: T0 + 3_600_000 }),
      await add(database, { startedAt: T0 + 60 }),
    ];
    expect((await idsOf(database, {})).slice(0, 2)).toEqual([ahead.id, after.id]);
    expect(await database.calls.find(DEFAULT_PROJECT_ID, after.id)).toMatchObject({
      created_at: new Date(T0 + 60).toISOString(),
    });
  });

  it('holds each filter', async () => {
    const database = await openTestDatabase(await fresh());
    const inbound = await add(database, { startedAt: T0 });
    const outbound = await add(database, { startedAt: T0 + 1000, direction: 'outbound' });
    await add(database, { phoneNumberId: 'another' });
    await database.calls.update(outbound.id, { status: 'failed' }, T0);
    expect(await idsOf(database, {})).toEqual([outbound.id, inbound.id]);
    expect(await idsOf(database, { direction: 'inbound' })).toEqual([inbound.id]);
    expect(await idsOf(database, { status: 'failed' })).toEqual([outbound.id]);
    expect(await idsOf(database, { since: T0 + 1000 })).toEqual([outbound.id]);
    expect(await idsOf(database, { until: T0 })).toEqual([inbound.id]);
    expect(await idsOf(database, { since: T0 + 1, until: T0 + 999 })).toEqual([]);
    expect(await idsOf(database, { callId: inbound.callId })).toEqual([inbound.id]);
    expect(await idsOf(database, { callId: inbound.id })).toEqual([inbound.id]);
    expect(await idsOf(database, { callId: 'unknown' })).toEqual([]);
    expect(await idsOf(database, { callId: inbound.id, phoneNumberId: 'another' })).toEqual([]);
  });

  it('has dials that wait, by how they wait', async () => {
    const database = await openTestDatabase(await fresh());
    const [scheduled, asking] = [dialOrder(), dialOrder()];
    await database.permissions.wait({ order: scheduled, state: 'quiet_hours', nextAt: T0 }, T0);
    await database.permissions.reserve(asking, T0, ask);
    expect(await idsOf(database, { status: 'scheduled' })).toEqual([scheduled.id]);
    expect(await idsOf(database, { status: 'awaiting_permission' })).toEqual([asking.id]);
  });

  it('keeps the filters over its pages', async () => {
    const database = await openTestDatabase(await fresh());
    const wanted = await add(database, { startedAt: T0 + 5 });
    await add(database, { startedAt: T0 + 1, direction: 'outbound' });
    await add(database, { startedAt: T0 + 9, direction: 'outbound' });
    const page = await database.calls.list(query({ limit: 1, direction: 'inbound' }));
    expect(page).toMatchObject({ data: [{ id: wanted.id }], before: null, after: null });
  });
});

describe('what a list looks up on SQLite', () => {
  const [sqlite] = DATABASES;
  const FILTERS: readonly Partial<CallListQuery>[] = [
    { phoneNumberId: null },
    { direction: 'inbound' },
    { status: 'failed' },
    { since: T0 },
    { until: T0 },
    { agentId: 'agent-1' },
    { after: encodeCursor({ createdAt: T0, id: 'x' }) },
  ];

  /** Each of them there or not. */
  const combinations = Array.from({ length: 2 ** FILTERS.length }, (_, bits) =>
    Object.assign({}, ...FILTERS.filter((_filter, place) => (bits >> place) % 2 === 1)),
  ) as Partial<CallListQuery>[];

  function indexFor({ agentId, phoneNumberId, direction, status }: CallListQuery): string {
    if (agentId !== null) return phoneNumberId === null ? 'calls_of_agent_by_kind' : 'calls_of_agent_on_number';
    const of = phoneNumberId === null ? 'calls_of_project' : 'calls_of_number';
    return direction === null && status === null ? of : `${of}_by_kind`;
  }

  it('is, whatever is filtered together, in the order of an index: nothing is sorted, and no log read from its beginning', async () => {
    const place = await sqlite!.fresh();
    await openTestDatabase(place);
    const { db, asked } = await overheardTables(place);
    for (const filter of combinations) {
      asked.length = 0;
      await listCalls(db, query(filter));
      if (filter.after === undefined) await listNumberedCalls(db, query(filter), { number: 2, size: 20 });
      for (const { sql, parameters } of [...asked]) {
        const explain = CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]);
        const { rows } = await db.executeQuery<{ detail: string; parent: number }>(explain);
        // At the top, what is sorted is one page; and a part of the statement is scanned that stands for the calls of it.
        const sorts = rows.filter(({ detail, parent }) => parent !== 0 && detail.startsWith('USE TEMP B-TREE'));
        const parts = rows.filter(({ detail }) => /^(CO-ROUTINE|MATERIALIZE) calls$/.test(detail)).length;
        const scans = rows.filter(({ detail }) => detail.startsWith('SCAN calls'));
        const bad = [...sorts, ...scans.slice(parts)];
        const used = rows.flatMap(({ detail }) => /INDEX (calls_of_\w+) /.exec(detail)?.[1] ?? []);
        expect([filter, [...new Set(used)]]).toEqual([filter, [indexFor(query(filter))]]);
        expect([filter, bad]).toEqual([filter, []]);
      }
    }
  });
});

describe('cursor', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.uuid(), (createdAt, id) => {
        const text = encodeCursor({ createdAt, id });
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeCursor(text, 'after')).toEqual({ createdAt, id });
      }),
    );
  });

  it('is refused as invalid if this service cannot have given it out', () => {
    const encoded = fc.json().map((json) => Buffer.from(json).toString('base64url'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), encoded, fc.base64String()), (text) => {
        try {
          expect(encodeCursor(decodeCursor(text, 'before'))).toBe(text);
        } catch (fault) {
          expect(fault).toBeInstanceOf(InvalidCursor);
        }
      }),
    );
    for (const value of [
      '[1.5,"a"]',
      '[1]',
      '[1,""]',
      '{"0":1,"1":"a"}',
      '[1,"a",2]',
      '["1","a"]',
      '[1, "a"]',
      'null',
    ]) {
      expect(() => decodeCursor(Buffer.from(value).toString('base64url'), 'after')).toThrow(InvalidCursor);
    }
    expect(() => decodeCursor('', 'after')).toThrow(InvalidCursor);
    expect(() => decodeCursor(`${encodeCursor({ createdAt: 1, id: 'a' })}=`, 'after')).toThrow(InvalidCursor);
    expect(() => decodeCursor(encodeCursor({ createdAt: 1, id: 'a'.repeat(500) }), 'after')).toThrow(InvalidCursor);
  });
});
