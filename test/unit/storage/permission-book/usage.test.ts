import { describe, expect, it } from 'vitest';
import type { CallIdentity, Ending } from '../../../../src/call/index.ts';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import type { Database } from '../../../../src/storage/index.ts';
import { T0 } from '../../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { allow, ask, askByTemplate, dialOrder, USER } from '../../../support/dial-order.ts';
import { numberSettings } from '../../../support/number-settings.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const UNANSWERED: Ending = { class: 'missed', reason: 'unanswered', endedBy: 'user', detail: null };
const HUNG_UP: Ending = { class: 'completed', reason: 'user_hangup', endedBy: 'user', detail: null };

/** Places a call at `at`, which Meta names and nobody picks up for 30 s. */
async function unanswered(database: Database, at: number): Promise<string> {
  const id = await placed(database, at);
  await database.calls.update(id, { endedAt: at + 30_000, ending: UNANSWERED, status: 'completed' }, at + 30_000);
  return id;
}

/** Places a call at `at` that is picked up after 5 s and ends after a minute. */
async function connected(database: Database, at: number): Promise<void> {
  const id = await placed(database, at);
  await database.calls.update(id, { sessionStartedAt: at + 5_000, status: 'answered' }, at + 5_000);
  await database.calls.update(id, { endedAt: at + 60_000, ending: HUNG_UP, status: 'completed' }, at + 60_000);
}

async function placed({ permissions, calls }: Database, at: number): Promise<string> {
  const order = dialOrder({ createdAt: at });
  await permissions.reserve(order, at, allow);
  await calls.update(order.id, { callId: `wacid.${order.id}` }, at + 1);
  return order.id;
}

async function called({ calls }: Database, at: number, differences: Partial<CallIdentity> = {}): Promise<string> {
  const call = callIdentity({ startedAt: at, ...differences });
  await calls.create(call, 'ringing', at, null);
  return call.id;
}

async function pairOf({ permissions }: Database, now: number) {
  return (await permissions.read(PHONE_NUMBER_ID, USER, now)).pair;
}

async function numberOf({ permissions }: Database, now: number) {
  return (await permissions.read(PHONE_NUMBER_ID, USER, now)).number;
}

describe.each(DATABASES)('what is known of a pair ($name)', ({ fresh }) => {
  it('is nothing at first, and reading does not change that', async () => {
    const database = await openTestDatabase(await fresh());
    const nothing = {
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
    expect(await pairOf(database, T0)).toEqual(nothing);
    expect(await pairOf(database, T0)).toEqual(nothing);
  });

  it('has the times at which our calls of the last two days were picked up', async () => {
    const database = await openTestDatabase(await fresh());
    await connected(database, T0 + HOUR);
    await connected(database, T0);
    await unanswered(database, T0 + 2 * HOUR);
    expect((await pairOf(database, T0 + 3 * HOUR)).connectedAt).toEqual([T0 + 5_000, T0 + HOUR + 5_000]);
    expect((await pairOf(database, T0 + 2 * DAY + 5_000)).connectedAt).toEqual([T0 + HOUR + 5_000]);
    const later = await pairOf(database, T0 + 3 * DAY);
    expect([later.connectedAt, later.lastConnectedAt]).toEqual([[], T0 + HOUR + 5_000]);
  });

  it('counts the calls in a row that nobody picked up, until one is, whoever called', async () => {
    const database = await openTestDatabase(await fresh());
    await unanswered(database, T0);
    await unanswered(database, T0 + HOUR);
    expect((await pairOf(database, T0 + DAY)).unanswered).toBe(2);
    const missed = await called(database, T0 + 2 * HOUR);
    await database.calls.update(missed, { endedAt: T0 + 2 * HOUR + 9, ending: UNANSWERED }, T0 + 2 * HOUR + 9);
    expect((await pairOf(database, T0 + DAY)).unanswered).toBe(2);
    const theirs = await called(database, T0 + 3 * HOUR);
    await database.calls.update(theirs, { sessionStartedAt: T0 + 3 * HOUR + 9 }, T0 + 3 * HOUR + 9);
    const pair = await pairOf(database, T0 + DAY);
    expect(pair).toMatchObject({ unanswered: 0, connectedAt: [], lastConnectedAt: T0 + 3 * HOUR + 9 });
    await unanswered(database, T0 + 4 * HOUR);
    expect((await pairOf(database, T0 + DAY)).unanswered).toBe(1);
    await connected(database, T0 + 5 * HOUR);
    expect((await pairOf(database, T0 + DAY)).unanswered).toBe(0);
  });

  it('does not count a call as unanswered that Meta never had, or that is not over', async () => {
    const database = await openTestDatabase(await fresh());
    const { permissions, calls } = database;
    const [refused, unknown, waits] = [dialOrder(), dialOrder(), dialOrder()];
    for (const order of [refused, unknown]) await permissions.reserve(order, T0, allow);
    await permissions.abandon(refused.id, { reason: 'connect_refused', detail: '138001' }, T0 + 1);
    await calls.update(unknown.id, { ending: { ...UNANSWERED, class: 'failed', reason: 'connect_unknown' } }, T0 + 2);
    await permissions.wait({ order: waits, state: 'scheduled', nextAt: T0 }, T0);
    await permissions.giveUp(waits.id, 'cancelled', T0 + 3);
    await placed(database, T0 + 4);
    expect((await pairOf(database, T0 + DAY)).unanswered).toBe(0);
  });

  it('takes a call for answered when that is told after its end', async () => {
    const database = await openTestDatabase(await fresh());
    const id = await unanswered(database, T0);
    await database.calls.update(id, { sessionStartedAt: T0 + 29_000 }, T0 + 31_000);
    expect(await pairOf(database, T0 + HOUR)).toMatchObject({ unanswered: 0, connectedAt: [T0 + 29_000] });
  });

  it('counts anew when WhatsApp has taken the permission back, the call of that very second included', async () => {
    const database = await openTestDatabase(await fresh());
    const second = T0 - (T0 % 1_000);
    await unanswered(database, T0 - HOUR);
    await unanswered(database, second + 400);
    const revoked = { status: 'none', expiresAt: null, source: 'auto_revoked', at: second } as const;
    await database.permissions.granted(PHONE_NUMBER_ID, USER, revoked, null);
    expect(await pairOf(database, T0 + HOUR)).toMatchObject({ unanswered: 0, grant: revoked });
    await unanswered(database, T0 + 2 * HOUR);
    await database.permissions.granted(PHONE_NUMBER_ID, USER, { ...revoked, at: second - HOUR }, null);
    expect((await pairOf(database, T0 + DAY)).unanswered).toBe(1);
  });

  it('has its live call, whoever called', async () => {
    const database = await openTestDatabase(await fresh());
    const theirs = await called(database, T0);
    expect((await pairOf(database, T0)).liveCall).toBe(theirs);
    await database.calls.update(theirs, { ending: HUNG_UP, endedAt: T0 + 1 }, T0 + 1);
    expect((await pairOf(database, T0 + 1)).liveCall).toBeNull();
    const ours = await placed(database, T0 + 2);
    expect((await pairOf(database, T0 + 2)).liveCall).toBe(ours);
  });

  it('has its window open for a day after a call of the user, and after one of ours that was picked up', async () => {
    const database = await openTestDatabase(await fresh());
    await called(database, T0, { user: { ...USER, parentUserId: null, name: null } });
    expect((await pairOf(database, T0)).windowUntil).toBe(T0 + DAY);
    await unanswered(database, T0 + HOUR);
    expect((await pairOf(database, T0)).windowUntil).toBe(T0 + DAY);
    await connected(database, T0 + 2 * HOUR);
    expect((await pairOf(database, T0)).windowUntil).toBe(T0 + 2 * HOUR + 5_000 + DAY);
    await database.permissions.windowOpened(PHONE_NUMBER_ID, USER, T0 + DAY);
    expect((await pairOf(database, T0)).windowUntil).toBe(T0 + 2 * HOUR + 5_000 + DAY);
    await database.permissions.windowOpened(PHONE_NUMBER_ID, USER, T0 + 3 * DAY);
    expect((await pairOf(database, T0)).windowUntil).toBe(T0 + 3 * DAY);
  });

  it('is of one moment: a call that ends meanwhile is live or counted, and not both', async () => {
    const database = await openTestDatabase(await fresh());
    for (let count = 1; count <= 20; count += 1) {
      const id = await placed(database, T0 + count);
      const ends = { endedAt: T0 + count, ending: UNANSWERED, status: 'completed' } as const;
      const [pair] = await Promise.all([pairOf(database, T0 + DAY), database.calls.update(id, ends, T0 + count)]);
      expect(pair.unanswered + (pair.liveCall === null ? 0 : 1)).toBe(count);
    }
  });

  it('is that of its number alone', async () => {
    const database = await openTestDatabase(await fresh());
    await called(database, T0, { phoneNumberId: 'another' });
    expect(await pairOf(database, T0)).toMatchObject({ liveCall: null, windowUntil: null });
    expect(await numberOf(database, T0)).toMatchObject({ liveCalls: 0 });
  });

  it('has no place for a caller without a name, whose call is kept nevertheless', async () => {
    const database = await openTestDatabase(await fresh());
    const id = await called(database, T0, { user: { waId: null, userId: null, parentUserId: null, name: null } });
    expect(await database.calls.find(DEFAULT_PROJECT_ID, id)).not.toBeNull();
    expect((await numberOf(database, T0)).liveCalls).toBe(1);
  });
});

describe.each(DATABASES)('what is known of a number ($name)', ({ fresh }) => {
  it('has its live calls of either direction', async () => {
    const database = await openTestDatabase(await fresh());
    await called(database, T0);
    const theirs = await called(database, T0);
    await placed(database, T0);
    expect((await numberOf(database, T0)).liveCalls).toBe(3);
    await database.calls.update(theirs, { ending: HUNG_UP }, T0);
    expect((await numberOf(database, T0)).liveCalls).toBe(2);
  });

  it('has the calls of a day that it placed, without those that Graph refused', async () => {
    const database = await openTestDatabase(await fresh());
    const { permissions } = database;
    await unanswered(database, T0);
    await connected(database, T0 + HOUR);
    await called(database, T0);
    const refused = dialOrder();
    await permissions.reserve(refused, T0 + HOUR, allow);
    expect(await numberOf(database, T0 + HOUR)).toMatchObject({ dials24h: 3, oldestDialAt: T0 });
    await permissions.abandon(refused.id, { reason: 'connect_refused', detail: null }, T0 + HOUR);
    expect(await numberOf(database, T0 + HOUR)).toMatchObject({ dials24h: 2, oldestDialAt: T0 });
    expect(await numberOf(database, T0 + DAY)).toMatchObject({ dials24h: 1, oldestDialAt: T0 + HOUR });
    expect(await numberOf(database, T0 + 2 * DAY)).toMatchObject({ dials24h: 0, oldestDialAt: null });
  });

  it('has the users that got a template within a day, each once', async () => {
    const database = await openTestDatabase(await fresh());
    const other = { waId: '15550100002', userId: null };
    await database.permissions.reserve(dialOrder(), T0, askByTemplate);
    await database.permissions.reserve(dialOrder(), T0 + 1, askByTemplate);
    await database.permissions.reserve(dialOrder({ user: other }), T0 + HOUR, askByTemplate);
    await database.permissions.reserve(dialOrder({ user: { waId: '15550100003', userId: null } }), T0, ask);
    expect((await numberOf(database, T0 + HOUR)).templateUsers24h).toBe(2);
    expect((await numberOf(database, T0 + DAY + 1)).templateUsers24h).toBe(1);
  });

  it('has the digits of what it displays', async () => {
    const database = await openTestDatabase(await fresh());
    expect((await numberOf(database, T0)).displayPhoneNumber).toBeNull();
    await database.numbers.upsert(numberSettings({ displayPhoneNumber: '+49 155 501-0000' }), T0);
    expect((await numberOf(database, T0)).displayPhoneNumber).toBe('491555010000');
  });

  it('is paused until it is not, and stays so when the number is described anew', async () => {
    const database = await openTestDatabase(await fresh());
    const { permissions, numbers } = database;
    await permissions.paused(PHONE_NUMBER_ID, { code: 138_014, until: T0 + DAY }, T0);
    await numbers.upsert(numberSettings(), T0);
    expect((await numberOf(database, T0)).paused).toEqual({ code: 138_014, until: T0 + DAY });
    expect((await numberOf(database, T0 + DAY)).paused).toBeNull();
    await permissions.paused(PHONE_NUMBER_ID, { code: 138_013, until: null }, T0 + 2 * DAY);
    expect((await numberOf(database, T0 + 99 * DAY)).paused).toEqual({ code: 138_013, until: null });
    await permissions.paused(PHONE_NUMBER_ID, null, T0 + 3 * DAY);
    expect((await numberOf(database, T0)).paused).toBeNull();
  });

  it('is paused as Meta said last, though an older word comes again; what was guessed gives way to any word', async () => {
    const { permissions, ...database } = await openTestDatabase(await fresh());
    const pausedUntil = async () => (await numberOf({ permissions, ...database }, T0)).paused?.until;
    await permissions.paused(PHONE_NUMBER_ID, { code: 138_014, until: T0 + 7 * DAY }, null);
    await permissions.paused(PHONE_NUMBER_ID, { code: 138_014, until: T0 + 2 * DAY }, T0 - 5_000);
    expect(await pausedUntil()).toBe(T0 + 2 * DAY);
    await permissions.paused(PHONE_NUMBER_ID, { code: 138_014, until: T0 + 5 * DAY }, T0);
    await permissions.paused(PHONE_NUMBER_ID, { code: 138_014, until: T0 + 2 * DAY }, T0 - 5_000);
    expect(await pausedUntil()).toBe(T0 + 5 * DAY);
  });
});
