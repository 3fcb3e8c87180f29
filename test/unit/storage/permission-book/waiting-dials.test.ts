import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import type { WaitingEnding } from '../../../../src/permissions/ports.ts';
import { openDatabase } from '../../../../src/storage/index.ts';
import { T0 } from '../../../support/call.ts';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { allow, ask, askByTemplate, deny, dialOrder, USER } from '../../../support/dial-order.ts';
import { MASTER_KEY } from '../../../support/master-key.ts';

const HOUR = 3_600_000;

describe.each(DATABASES)('a dial that waits ($name)', ({ fresh }) => {
  it('for its time has a record that says so, and is no live call', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder({ notBefore: T0 + HOUR, deadlineAt: T0 + 2 * HOUR });
    await permissions.wait({ order, state: 'scheduled', nextAt: T0 + HOUR }, T0);
    expect(await permissions.waiting(order.id)).toEqual({ order, state: 'scheduled', nextAt: T0 + HOUR });
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      status: 'scheduled',
      call_id: null,
      started_at: null,
      ending: null,
      waiting: {
        state: 'scheduled',
        asked_at: null,
        next_attempt_at: new Date(T0 + HOUR).toISOString(),
        until: new Date(T0 + 2 * HOUR).toISOString(),
      },
    });
    expect(await calls.timeline(order.id)).toEqual([
      { at: new Date(T0).toISOString(), type: 'dial_waits', data: { for: 'scheduled', until: T0 + HOUR } },
    ]);
    expect(await calls.unfinished()).toEqual([]);
    const { pair, number } = await permissions.read(PHONE_NUMBER_ID, USER, T0);
    expect([pair.liveCall, number.liveCalls, number.dials24h]).toEqual([null, 0, 0]);
  });

  it('for permission says since when and until when', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder({ deadlineAt: T0 + 72 * HOUR });
    const reservation = await permissions.reserve(order, T0 + 5, ask);
    expect(reservation).toEqual({ decision: { type: 'ask', by: 'free_form' }, requestId: expect.any(String) });
    expect(await permissions.waiting(order.id)).toEqual({ order, state: 'awaiting_permission', nextAt: null });
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      status: 'awaiting_permission',
      waiting: {
        state: 'awaiting_permission',
        asked_at: new Date(T0 + 5).toISOString(),
        next_attempt_at: null,
        until: new Date(T0 + 72 * HOUR).toISOString(),
      },
    });
    expect((await calls.timeline(order.id)).map(({ type }) => type)).toEqual(['permission_asked']);
  });

  it('is placed when it is allowed, and begins then', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder();
    await permissions.wait({ order, state: 'scheduled', nextAt: T0 + HOUR }, T0);
    expect((await permissions.reserve(order, T0 + HOUR, allow))?.decision.type).toBe('allow');
    expect(await permissions.waiting(order.id)).toBeNull();
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      status: 'initiated',
      started_at: new Date(T0 + HOUR).toISOString(),
      created_at: new Date(T0).toISOString(),
      waiting: null,
    });
    const { pair, number } = await permissions.read(PHONE_NUMBER_ID, USER, T0 + HOUR);
    expect(pair.liveCall).toBe(order.id);
    expect(number).toMatchObject({ liveCalls: 1, dials24h: 1, oldestDialAt: T0 + HOUR });
  });

  it('is placed by exactly one of two processes', async () => {
    const place = await fresh();
    const [one, other] = [await openTestDatabase(place), await openTestDatabase(place)];
    const order = dialOrder();
    await one.permissions.wait({ order, state: 'scheduled', nextAt: T0 }, T0);
    const outcomes = await Promise.all([
      one.permissions.reserve(order, T0, allow),
      other.permissions.reserve(order, T0, allow),
    ]);
    expect(outcomes.filter((outcome) => outcome === null)).toHaveLength(1);
  });

  it('stays as it is when it is denied, and asks when its time has come', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder();
    const dial = { order, state: 'scheduled', nextAt: T0 + 1 } as const;
    await permissions.wait(dial, T0);
    await permissions.reserve(order, T0 + 1, deny);
    expect(await permissions.waiting(order.id)).toEqual(dial);
    await permissions.reserve(order, T0 + 2, ask);
    expect(await permissions.waiting(order.id)).toEqual({ order, state: 'awaiting_permission', nextAt: null });
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({ status: 'awaiting_permission' });
  });

  it('may wait on for something else, and keeps when the user was asked', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder({ deadlineAt: T0 + 10 * HOUR });
    await permissions.reserve(order, T0, ask);
    await permissions.wait({ order, state: 'quiet_hours', nextAt: T0 + HOUR }, T0);
    expect(await permissions.waiting(order.id)).toEqual({ order, state: 'quiet_hours', nextAt: T0 + HOUR });
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      status: 'scheduled',
      waiting: { state: 'quiet_hours', asked_at: new Date(T0).toISOString() },
    });
    expect(await permissions.waitingFor(PHONE_NUMBER_ID, USER)).toEqual([]);
  });

  it('is not kept again once it was placed or given up', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const [placed, gone] = [dialOrder(), dialOrder({ user: { waId: '15550100002', userId: null } })];
    await permissions.reserve(placed, T0, allow);
    await permissions.wait({ order: gone, state: 'scheduled', nextAt: T0 }, T0);
    await permissions.giveUp(gone.id, 'cancelled', T0);
    for (const order of [placed, gone]) {
      await permissions.wait({ order, state: 'quiet_hours', nextAt: T0 }, T0);
      expect(await permissions.waiting(order.id)).toBeNull();
    }
    expect(await calls.find(DEFAULT_PROJECT_ID, placed.id)).toMatchObject({ status: 'initiated' });
    expect(await calls.find(DEFAULT_PROJECT_ID, gone.id)).toMatchObject({ status: 'completed' });
    expect(await permissions.reserve(gone, T0, allow)).toBeNull();
  });

  const endings: [WaitingEnding, string, string][] = [
    ['permission_declined', 'rejected', 'user'],
    ['permission_expired', 'rejected', 'bridge'],
    ['request_refused', 'rejected', 'meta'],
    ['dial_denied', 'rejected', 'bridge'],
    ['cancelled', 'missed', 'api'],
  ];
  it.each(endings)('ends once when it is given up: %s', async (reason, kind, endedBy) => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder();
    await permissions.reserve(order, T0, ask);
    expect(await permissions.giveUp(order.id, reason, T0 + 7)).toBe(true);
    expect(await permissions.giveUp(order.id, 'cancelled', T0 + 8)).toBe(false);
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      status: 'completed',
      ended_at: new Date(T0 + 7).toISOString(),
      ending: { class: kind, reason, ended_by: endedBy, detail: null },
      waiting: null,
    });
    expect((await calls.timeline(order.id)).at(-1)).toMatchObject({ type: 'ended', data: { reason } });
    expect(await permissions.waiting(order.id)).toBeNull();
  });

  it('is not given up when it was placed', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder();
    await permissions.reserve(order, T0, allow);
    expect(await permissions.giveUp(order.id, 'cancelled', T0)).toBe(false);
    expect(await permissions.giveUp('unknown', 'cancelled', T0)).toBe(false);
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({ ending: null });
  });

  it('is due at its time or its deadline, the earliest first', async () => {
    const { permissions } = await openTestDatabase(await fresh());
    const waits = async (nextAt: number | null, deadlineAt: number | null) => {
      const order = dialOrder({ deadlineAt });
      await permissions.wait({ order, state: 'scheduled', nextAt }, T0);
      return order.id;
    };
    expect(await permissions.nextDue()).toBeNull();
    await waits(null, null);
    expect(await permissions.nextDue()).toBeNull();
    const byDeadline = await waits(T0 + 90, T0 + 20);
    const byTime = await waits(T0 + 10, T0 + 99);
    const later = await waits(T0 + 30, null);
    expect(await permissions.nextDue()).toBe(T0 + 10);
    expect(await permissions.due(T0 + 9, 10)).toEqual([]);
    const due = async (now: number, limit: number) => (await permissions.due(now, limit)).map(({ order }) => order.id);
    expect(await due(T0 + 29, 10)).toEqual([byTime, byDeadline]);
    expect(await due(T0 + 30, 10)).toEqual([byTime, byDeadline, later]);
    expect(await due(T0 + 30, 1)).toEqual([byTime]);
  });

  it('is found by the user whose word it waits for, the oldest first, under any spelling of the number', async () => {
    const { permissions } = await openTestDatabase(await fresh());
    const brazilian = { waId: '551187654321', userId: null };
    const second = dialOrder({ user: brazilian, createdAt: T0 + 1 });
    const first = dialOrder({ user: { waId: '5511987654321', userId: null }, createdAt: T0 });
    for (const order of [second, first, dialOrder()]) await permissions.reserve(order, T0, ask);
    const found = await permissions.waitingFor(PHONE_NUMBER_ID, brazilian);
    expect(found.map(({ order }) => order.id)).toEqual([first.id, second.id]);
    expect(await permissions.waitingFor('another', brazilian)).toEqual([]);
    expect(await permissions.waitingFor(PHONE_NUMBER_ID, { waId: null, userId: 'US.1' })).toEqual([]);
  });

  it('is found by the message that asks for it, as long as it waits for that', async () => {
    const { permissions } = await openTestDatabase(await fresh());
    const order = dialOrder();
    const reservation = await permissions.reserve(order, T0, askByTemplate);
    await permissions.requestSent(reservation?.requestId ?? '', 'wamid.1', T0);
    expect((await permissions.waitingForMessage('wamid.1'))?.order).toEqual(order);
    expect(await permissions.waitingForMessage('wamid.2')).toBeNull();
    await permissions.giveUp(order.id, 'request_refused', T0);
    expect(await permissions.waitingForMessage('wamid.1')).toBeNull();
  });

  it('is there after the process died, as it was', async () => {
    const place = await fresh();
    const died = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const order = dialOrder({
      context: { name: 'Ada' },
      permission: { mode: 'ask', template: { name: 'may_we', language: 'en_US', components: [{ type: 'body' }] } },
      userTimeZone: 'Europe/Berlin',
      deadlineAt: T0 + HOUR,
    });
    await died.permissions.reserve(order, T0, ask);
    const { permissions } = await openTestDatabase(place);
    expect(await permissions.waiting(order.id)).toEqual({ order, state: 'awaiting_permission', nextAt: null });
    await died.close();
  });
});
