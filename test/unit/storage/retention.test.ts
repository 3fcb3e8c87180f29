import { describe, expect, it } from 'vitest';
import type { CallIdentity, Ending } from '../../../src/call/index.ts';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import type { Sweep } from '../../../src/runtime/ports.ts';
import type { Database, DatabasePlace } from '../../../src/storage/index.ts';
import { addNumber } from '../../support/api-server.ts';
import { T0 } from '../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES, rowsIn } from '../../support/databases.ts';
import { ask, dialOrder } from '../../support/dial-order.ts';

const DAY = 24 * 3_600_000;
const BEFORE = T0;
const OLD = T0 - 10 * DAY;
const UNANSWERED: Ending = { class: 'missed', reason: 'unanswered', endedBy: 'user', detail: null };
const HUNG_UP: Ending = { class: 'completed', reason: 'user_hangup', endedBy: 'user', detail: null };

const ADA = { waId: '15550100001', userId: null, parentUserId: null, name: 'Ada' };

/** A call with a timeline. `endedAt` null: it goes on. */
async function add(
  { calls }: Database,
  createdAt: number,
  endedAt: number | null,
  differences: Partial<CallIdentity> = {},
  ending = HUNG_UP,
): Promise<CallIdentity> {
  const call = callIdentity({ startedAt: createdAt, ...differences });
  await calls.create(call, 'ringing', createdAt, null);
  await calls.append(call.id, { at: createdAt, type: 'offered', data: {} });
  if (endedAt === null) return call;
  const answered = ending === HUNG_UP ? { sessionStartedAt: createdAt + 5 } : {};
  await calls.update(call.id, { status: 'completed', endedAt, ending, ...answered }, endedAt);
  return call;
}

async function whole(sweep: Sweep): Promise<number> {
  let deleted = 0;
  for (let steps = 0; steps < 200; steps += 1) {
    const swept = await sweep.step();
    deleted += swept.deleted;
    if (swept.done) return deleted;
  }
  throw new Error('the sweep does not end');
}

async function count(place: DatabasePlace, table: string): Promise<number> {
  const [row] = await rowsIn(place, `select count(*) as n from ${table}`);
  return Number(row?.['n']);
}

async function isThere({ calls }: Database, { id }: CallIdentity): Promise<boolean> {
  return (await calls.recorded(id)) !== null;
}

describe.each(DATABASES)('old calls ($name)', ({ fresh }) => {
  it('go with their timelines, and newer ones stay with theirs', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    const old = await add(database, OLD, OLD + 60_000);
    const fits = await add(database, BEFORE - 60_000, BEFORE);
    expect(await whole(database.retained.calls(BEFORE))).toBe(1);
    expect([await isThere(database, old), await isThere(database, fits)]).toEqual([false, true]);
    expect(await database.calls.timeline(fits.id)).toHaveLength(1);
    expect(await count(place, 'call_events')).toBe(1);
  });

  it('go of every project and number, however many there are, in short steps', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    await database.projects.put({ id: 'another', name: 'Another', createdAt: 1, updatedAt: 1 });
    await addNumber(database, PHONE_NUMBER_ID);
    for (let index = 0; index < 120; index += 1) await add(database, OLD + index, OLD + index + 1);
    await rowsIn(place, "update calls set project_id = 'another' where created_at % 3 = 0");
    await rowsIn(place, "update calls set project_id = 'removed long ago' where created_at % 3 = 1");
    const sweep = database.retained.calls(BEFORE);
    expect((await sweep.step()).deleted).toBeLessThanOrEqual(20);
    await whole(sweep);
    expect(await count(place, 'calls')).toBe(0);
  });

  it('stay while they go on, wait, or were over only lately', async () => {
    const database = await openTestDatabase(await fresh());
    const { permissions } = database;
    const live = await add(database, OLD, null);
    const endedLately = await add(database, OLD + 1, BEFORE + 1);
    const scheduled = dialOrder({ createdAt: OLD });
    await permissions.wait({ order: scheduled, state: 'quiet_hours', nextAt: T0 + DAY }, OLD);
    const asking = dialOrder({ createdAt: OLD, user: { waId: '15550100007', userId: null } });
    await permissions.reserve(asking, OLD, ask);
    // A number of another call comes after one that is not deleted.
    const over = await add(database, OLD + 5, OLD + 6);
    await whole(database.retained.calls(BEFORE));
    for (const call of [live, endedLately, scheduled, asking]) {
      expect(await database.calls.find(DEFAULT_PROJECT_ID, call.id)).not.toBeNull();
    }
    expect(await isThere(database, over)).toBe(false);
    expect(await permissions.waiting(scheduled.id)).toMatchObject({ state: 'quiet_hours' });
  });

  it('stay while they belong to a row of calls that nobody picked up, and the user allows calls', async () => {
    const database = await openTestDatabase(await fresh());
    const { permissions } = database;
    const dials = { direction: 'outbound', user: ADA } as const;
    const user = { waId: ADA.waId, userId: null };
    const before = await add(database, OLD, OLD + 60_000, dials, UNANSWERED);
    const pickedUp = await add(database, OLD + DAY, OLD + DAY + 60_000, dials);
    const first = await add(database, OLD + 2 * DAY, OLD + 2 * DAY + 60_000, dials, UNANSWERED);
    const second = await add(database, BEFORE + DAY, BEFORE + DAY + 60_000, dials, UNANSWERED);
    const grant = { status: 'permanent', expiresAt: null, source: 'request', at: OLD } as const;
    await permissions.granted(PHONE_NUMBER_ID, user, grant, null);
    const unanswered = async () => (await permissions.read(PHONE_NUMBER_ID, user, BEFORE + 2 * DAY)).pair.unanswered;
    expect(await unanswered()).toBe(2);
    await whole(database.retained.calls(BEFORE));
    expect(await unanswered()).toBe(2);
    const there = await Promise.all([before, pickedUp, first, second].map((call) => isThere(database, call)));
    expect(there).toEqual([false, false, true, true]);
    // Taken back, it counts no more.
    await permissions.granted(
      PHONE_NUMBER_ID,
      user,
      { status: 'none', expiresAt: null, source: 'declined', at: OLD + 3 * DAY },
      null,
    );
    await whole(database.retained.calls(BEFORE));
    expect(await isThere(database, first)).toBe(false);
    expect(await isThere(database, second)).toBe(true);
  });
});

describe.each(DATABASES)('old contacts ($name)', ({ fresh }) => {
  const old = { user: { ...ADA, waId: '15550100002' } };

  it('go with their conversations and requests when no call, message or grant is left', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    await add(database, OLD, OLD + 60_000, old);
    await whole(database.retained.contacts(BEFORE));
    expect(await count(place, 'permission_pairs')).toBe(1);
    expect(await count(place, 'conversations')).toBe(1);
    await whole(database.retained.calls(BEFORE));
    await whole(database.retained.contacts(BEFORE));
    expect(await count(place, 'conversations')).toBe(0);
    expect(await count(place, 'permission_pairs')).toBe(0);
  });

  it('stay while they allow calls, were heard of lately, or a client noted something of them', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    const { permissions } = database;
    for (const [index, user] of ['1', '2', '3', '4'].entries()) {
      await add(database, OLD, OLD + index + 1, { user: { ...ADA, waId: `1555010000${user}` } });
    }
    const grant = { status: 'permanent', expiresAt: null, source: 'request', at: OLD } as const;
    await permissions.granted(PHONE_NUMBER_ID, { waId: '15550100001', userId: null }, grant, null);
    await add(database, BEFORE + 1, BEFORE + 2, { user: { ...ADA, waId: '15550100002' } });
    await rowsIn(place, `update permission_pairs set metadata = '{"vip":true}' where wa_id = '15550100003'`);
    await whole(database.retained.calls(BEFORE));
    await whole(database.retained.contacts(BEFORE));
    const left = await rowsIn(place, 'select wa_id from permission_pairs order by wa_id');
    expect(left.map(({ wa_id }) => wa_id)).toEqual(['15550100001', '15550100002', '15550100003']);
  });

  it('stay with the request that a dial of theirs still waits for', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    await database.permissions.reserve(dialOrder({ createdAt: OLD }), OLD, ask);
    await whole(database.retained.calls(BEFORE));
    await whole(database.retained.contacts(BEFORE));
    expect(await count(place, 'permission_requests')).toBe(1);
    expect(await count(place, 'permission_pairs')).toBe(1);
    expect(await count(place, 'dials')).toBe(1);
  });
});
