import { describe, expect, it } from 'vitest';
import type { Grant, LiveReport, UserRef } from '../../../../src/permissions/ports.ts';
import type { Database } from '../../../../src/storage/index.ts';
import { T0 } from '../../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { allow, ask, dialOrder } from '../../../support/dial-order.ts';

const HOUR = 3_600_000;
const PHONE: UserRef = { waId: '15550100001', userId: null };
const BSUID: UserRef = { waId: null, userId: 'US.1349' };
const BOTH: UserRef = { waId: '15550100001', userId: 'US.1349' };

function grant(differences: Partial<Grant> = {}): Grant {
  return { status: 'temporary', expiresAt: T0 + 168 * HOUR, source: 'request', at: T0, ...differences };
}

function report(differences: Partial<LiveReport> = {}): LiveReport {
  const limit = { periodMs: 24 * HOUR, maxAllowed: 100, currentUsage: 3, expiresAt: null };
  const startCall = { allowed: true, limits: [limit] };
  return { at: T0, status: 'permanent', expiresAt: null, startCall, sendRequest: null, ...differences };
}

async function read({ permissions }: Database, user: UserRef, now = T0) {
  return (await permissions.read(PHONE_NUMBER_ID, user, now)).pair;
}

/** A webhook that names the user so. */
async function heard({ permissions }: Database, user: UserRef, until = T0): Promise<void> {
  await permissions.windowOpened(PHONE_NUMBER_ID, user, until);
}

describe.each(DATABASES)('a pair ($name)', ({ fresh }) => {
  it('keeps the newest grant, whatever comes late', async () => {
    const database = await openTestDatabase(await fresh());
    const { permissions } = database;
    const newest = grant({ status: 'none', expiresAt: null, source: 'declined', at: T0 + 2 });
    for (const word of [grant(), newest, grant({ at: T0 + 1 })]) {
      await permissions.granted(PHONE_NUMBER_ID, PHONE, word, null);
    }
    expect((await read(database, PHONE)).grant).toEqual(newest);
    const permanent = grant({ status: 'permanent', expiresAt: null, source: 'profile', at: T0 + 3 });
    await permissions.granted(PHONE_NUMBER_ID, PHONE, permanent, null);
    expect((await read(database, PHONE)).grant).toEqual(permanent);
    expect((await permissions.read('another', PHONE, T0)).pair.grant).toBeNull();
  });

  it('keeps what the user allowed for good when a call of the user allows a week', async () => {
    const database = await openTestDatabase(await fresh());
    const permanent = grant({ status: 'permanent', expiresAt: null });
    const callback = grant({ source: 'callback', at: T0 + 1 });
    for (const word of [permanent, callback]) {
      await database.permissions.granted(PHONE_NUMBER_ID, PHONE, word, null);
      expect((await read(database, PHONE)).grant).toEqual(permanent);
    }
    await database.permissions.granted(PHONE_NUMBER_ID, BSUID, callback, 'wacid.theirs');
    expect((await read(database, BSUID)).grant).toEqual(callback);
  });

  it.each([
    ['takes the week', 'none', 1_000, true],
    ['keeps what was allowed for good', 'none', 999, false],
    ['keeps what was allowed for good', 'permanent', 1_000, false],
  ] as const)('%s when a report showed "%s" %i ms after that', async (_, status, after, takes) => {
    const database = await openTestDatabase(await fresh());
    const permanent = grant({ status: 'permanent', expiresAt: null });
    const callback = grant({ source: 'callback', at: T0 + 5_000 });
    await database.permissions.granted(PHONE_NUMBER_ID, PHONE, permanent, null);
    await database.permissions.reported(PHONE_NUMBER_ID, PHONE, report({ status, at: T0 + after }));
    await database.permissions.granted(PHONE_NUMBER_ID, PHONE, callback, null);
    expect((await read(database, PHONE)).grant).toEqual(takes ? callback : permanent);
  });

  it('keeps the newest report of Graph, as it was', async () => {
    const database = await openTestDatabase(await fresh());
    const newest = report({ at: T0 + 9 });
    await database.permissions.reported(PHONE_NUMBER_ID, PHONE, newest);
    await database.permissions.reported(PHONE_NUMBER_ID, PHONE, report({ status: 'none' }));
    expect((await read(database, PHONE)).live).toEqual(newest);
  });

  it('keeps a refusal that names a time until then', async () => {
    const database = await openTestDatabase(await fresh());
    await database.permissions.refused(PHONE_NUMBER_ID, PHONE, 138_012, T0 + HOUR, T0);
    expect((await read(database, PHONE, T0 + HOUR - 1)).refused).toEqual({ code: 138_012, until: T0 + HOUR });
    expect((await read(database, PHONE, T0 + HOUR)).refused).toBeNull();
  });

  it('is the same under every spelling of a number', async () => {
    const database = await openTestDatabase(await fresh());
    await heard(database, { waId: '5491123456789', userId: null }, T0 + HOUR);
    expect((await read(database, { waId: '541123456789', userId: null })).windowUntil).toBe(T0 + HOUR);
    expect((await read(database, { waId: '+54 11 2345 6789', userId: null })).windowUntil).toBe(T0 + HOUR);
  });

  it('is known by either name as soon as one webhook tells both', async () => {
    const database = await openTestDatabase(await fresh());
    await database.permissions.granted(PHONE_NUMBER_ID, PHONE, grant(), null);
    expect((await read(database, BSUID)).grant).toBeNull();
    await heard(database, BOTH);
    expect((await read(database, BSUID)).grant).toEqual(grant());
  });

  it('is one where there were two, with what both knew and did', async () => {
    const database = await openTestDatabase(await fresh());
    const { permissions, calls } = database;
    // Of the number: an old grant, a call that was picked up, a window, a refusal.
    await permissions.granted(PHONE_NUMBER_ID, PHONE, grant(), null);
    const first = dialOrder({ user: PHONE });
    await permissions.reserve(first, T0, allow);
    await calls.update(first.id, { callId: 'wacid.1', sessionStartedAt: T0 + 5, endedAt: T0 + 9 }, T0 + 9);
    await calls.update(
      first.id,
      { ending: { class: 'completed', reason: 'hangup', endedBy: 'user', detail: null } },
      T0,
    );
    await heard(database, PHONE, T0 + 3 * HOUR);
    await permissions.refused(PHONE_NUMBER_ID, PHONE, 138_012, T0 + HOUR, T0);
    // Of the BSUID: a newer grant, a report, a live call of the user, a dial that waits.
    const newer = grant({ status: 'permanent', expiresAt: null, at: T0 + 10 });
    await permissions.granted(PHONE_NUMBER_ID, BSUID, newer, null);
    await permissions.reported(PHONE_NUMBER_ID, BSUID, report());
    const live = callIdentity({ user: { ...BSUID, parentUserId: null, name: null }, startedAt: T0 });
    await calls.create(live, 'ringing', T0, null);
    const waits = dialOrder({ user: BSUID });
    await permissions.reserve(waits, T0 + 20, ask);

    await heard(database, BOTH);
    const pair = {
      grant: newer,
      live: report(),
      refused: { code: 138_012, until: T0 + HOUR },
      windowUntil: T0 + 5 + 24 * HOUR,
      connectedAt: [T0 + 5],
      lastConnectedAt: T0 + 5,
      unanswered: 0,
      liveCall: live.id,
      requestedAt: [T0 + 20],
      pendingRequest: { id: expect.any(String), at: T0 + 20 },
    };
    for (const name of [PHONE, BSUID, BOTH]) expect(await read(database, name, T0 + 30)).toEqual(pair);
    expect((await permissions.waitingFor(PHONE_NUMBER_ID, PHONE)).map(({ order }) => order.id)).toEqual([waits.id]);
    await calls.update(
      live.id,
      { ending: { class: 'missed', reason: 'unanswered', endedBy: 'user', detail: null } },
      T0,
    );
    expect((await permissions.reserve(waits, T0 + 40, allow))?.decision.type).toBe('allow');
    expect((await read(database, PHONE, T0 + 40)).liveCall).toBe(waits.id);
  });

  it('becomes one by a call of the user that names both', async () => {
    const database = await openTestDatabase(await fresh());
    await database.permissions.granted(PHONE_NUMBER_ID, PHONE, grant(), null);
    await heard(database, BSUID, T0 + 48 * HOUR);
    const call = callIdentity({ user: { ...BOTH, parentUserId: null, name: null }, startedAt: T0 });
    await database.calls.create(call, 'ringing', T0, null);
    expect(await read(database, PHONE)).toMatchObject({ liveCall: call.id, windowUntil: T0 + 48 * HOUR });
    expect(await read(database, BSUID)).toMatchObject({ liveCall: call.id, grant: grant() });
  });

  it('is not made one of two by a client, whose word may be wrong: the number decides', async () => {
    const database = await openTestDatabase(await fresh());
    const { permissions } = database;
    await permissions.granted(PHONE_NUMBER_ID, PHONE, grant(), null);
    await permissions.granted(PHONE_NUMBER_ID, BSUID, grant({ at: T0 + 1 }), null);
    const order = dialOrder({ user: BOTH });
    await permissions.reserve(order, T0, allow);
    expect((await read(database, BOTH)).grant?.at).toBe(T0);
    expect((await read(database, PHONE)).liveCall).toBe(order.id);
    expect((await read(database, BSUID)).liveCall).toBeNull();
  });

  it('of a client that names both is not that of the BSUID when nothing is known', async () => {
    const database = await openTestDatabase(await fresh());
    await database.permissions.reserve(dialOrder({ user: BOTH }), T0, allow);
    expect((await read(database, PHONE)).liveCall).not.toBeNull();
    expect((await read(database, BSUID)).liveCall).toBeNull();
  });

  it('loses its number to another person who has it now, and nothing else', async () => {
    const database = await openTestDatabase(await fresh());
    await database.permissions.granted(PHONE_NUMBER_ID, BOTH, grant(), null);
    await heard(database, { waId: '15550100001', userId: 'US.2' });
    expect((await read(database, PHONE)).grant).toBeNull();
    expect((await read(database, BSUID)).grant).toEqual(grant());
    // And back, to one that was there before.
    await heard(database, BOTH);
    expect((await read(database, PHONE)).grant).toEqual(grant());
  });

  it('gets the number that its user has now', async () => {
    const database = await openTestDatabase(await fresh());
    await database.permissions.granted(PHONE_NUMBER_ID, BOTH, grant(), null);
    await heard(database, { waId: '15550100009', userId: 'US.1349' });
    expect((await read(database, { waId: '15550100009', userId: null })).grant).toEqual(grant());
    expect((await read(database, PHONE)).grant).toBeNull();
  });

  it('is made once by many webhooks at once, over two processes', async () => {
    const place = await fresh();
    const both = [await openTestDatabase(place), await openTestDatabase(place)];
    const names = [PHONE, BSUID, BOTH];
    await Promise.all(Array.from({ length: 30 }, (_, index) => heard(both[index % 2]!, names[index % 3]!, T0 + index)));
    for (const name of names) expect((await read(both[0]!, name)).windowUntil).toBe(T0 + 29);
  });
});
