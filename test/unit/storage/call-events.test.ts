import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID, type Ending, type EndingClass } from '../../../src/call/index.ts';
import type { DatabasePlace } from '../../../src/storage/index.ts';
import { agentTarget, quality, T0 } from '../../support/call.ts';
import { callIdentity } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES, rowsIn } from '../../support/databases.ts';
import { allow, ask, dialOrder } from '../../support/dial-order.ts';
import { hearAll, toldIn, toldOfCalls } from '../../support/told.ts';

const HUNG_UP = { class: 'completed', reason: 'user_hangup', endedBy: 'user', detail: null } as const;
const LOST = { class: 'dropped', reason: 'media_lost', endedBy: 'bridge', detail: null } as const;

async function heard(place: DatabasePlace) {
  const database = await openTestDatabase(place);
  await hearAll(database);
  return database;
}

describe.each(DATABASES)('others are told ($name)', ({ fresh }) => {
  it('of a call of a user from its first moment to its end, with the record as it is then', async () => {
    const place = await fresh();
    const { calls } = await heard(place);
    const call = callIdentity();
    await calls.create(call, 'ringing', T0 + 20, agentTarget());
    await calls.update(call.id, { status: 'answered', sessionStartedAt: T0 + 900 }, T0 + 900);
    const over = { endedAt: T0 + 61_000, durationSeconds: 60, ending: HUNG_UP, quality: quality() };
    await calls.update(call.id, { status: 'completed', ...over }, T0 + 61_100);
    const told = (await toldIn(place)).filter(({ type }) => type.startsWith('whatsapp.call.'));
    expect(told.map(({ type }) => type)).toEqual([
      'whatsapp.call.received',
      'whatsapp.call.answered',
      'whatsapp.call.ended',
    ]);
    expect(new Set(told.map(({ key }) => key))).toEqual(new Set([call.id]));
    const [received, , ended] = told.map(({ body }) => body);
    expect(received).toMatchObject({
      timestamp: new Date(T0 + 20).toISOString(),
      phone_number_id: call.phoneNumberId,
      project_id: DEFAULT_PROJECT_ID,
      call: { call_id: call.callId, status: 'ringing', ending: null },
      contact: { wa_id: '15550100001', profile_name: 'Ada' },
      conversation: { status: 'active' },
    });
    const { timestamp: _, ...record } = ended as { timestamp: string; call: object };
    expect(record.call).toEqual(await calls.find(DEFAULT_PROJECT_ID, call.id));
    expect(record.call).toMatchObject({ ending: { reason: 'user_hangup' }, quality: { packets_received: 500 } });
  });

  it('of a call of the business once it is let through, and when it rings and is picked up', async () => {
    const place = await fresh();
    const { calls, permissions } = await heard(place);
    const order = dialOrder();
    await permissions.wait({ order, state: 'scheduled', nextAt: T0 }, T0);
    expect(await toldOfCalls(place)).toEqual([]);
    await permissions.reserve(order, T0 + 1, allow);
    await calls.update(order.id, { callId: 'wacid.X' }, T0 + 2);
    await calls.update(order.id, { status: 'ringing' }, T0 + 3);
    await calls.update(order.id, { status: 'answered', sessionStartedAt: T0 + 4 }, T0 + 4);
    await calls.update(order.id, { status: 'failed', endedAt: T0 + 5, ending: LOST }, T0 + 5);
    expect(await toldOfCalls(place)).toEqual(['dialed', 'ringing', 'answered', 'failed']);
  });

  it('at once of a dial that need not wait', async () => {
    const place = await fresh();
    const { permissions } = await heard(place);
    await permissions.reserve(dialOrder(), T0, allow);
    expect(await toldOfCalls(place)).toEqual(['dialed']);
  });

  it.each([
    ['completed', 'ended'],
    ['missed', 'ended'],
    ['rejected', 'ended'],
    ['failed', 'failed'],
    ['dropped', 'failed'],
  ] as const)('that a call %s by the event %s', async (kind: EndingClass, name) => {
    const place = await fresh();
    const { calls } = await heard(place);
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    await calls.update(call.id, { ending: { ...HUNG_UP, class: kind } as Ending }, T0 + 1);
    expect(await toldOfCalls(place)).toEqual(['received', name]);
  });

  it('of one end, however often and in however many words it is written', async () => {
    const place = await fresh();
    const { calls, permissions } = await heard(place);
    const order = dialOrder();
    await permissions.reserve(order, T0, allow);
    await permissions.abandon(order.id, { reason: 'connect_unknown', detail: null }, T0 + 1);
    await calls.update(order.id, { ending: HUNG_UP }, T0 + 2);
    await calls.update(order.id, { ending: LOST }, T0 + 3);
    await permissions.abandon(order.id, { reason: 'connect_refused', detail: '138006' }, T0 + 4);
    expect(await toldOfCalls(place)).toEqual(['dialed', 'failed']);
  });

  it('of the end of a dial that never rang', async () => {
    const place = await fresh();
    const { permissions } = await heard(place);
    const order = dialOrder();
    await permissions.reserve(order, T0, ask);
    await permissions.giveUp(order.id, 'cancelled', T0 + 1);
    await permissions.giveUp(order.id, 'cancelled', T0 + 2);
    expect(await toldOfCalls(place)).toEqual(['ended']);
  });

  it('of nothing that a transaction which failed would have written', async () => {
    const place = await fresh();
    const { calls } = await heard(place);
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    await expect(calls.create(call, 'ringing', T0, null)).rejects.toThrow();
    expect(await toldOfCalls(place)).toEqual(['received']);
  });

  it('of nothing if nobody listens', async () => {
    const place = await fresh();
    const { calls } = await openTestDatabase(place);
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    await calls.update(call.id, { ending: HUNG_UP }, T0 + 1);
    expect(await rowsIn(place, 'select id from webhook_events')).toEqual([]);
  });

  it('of no late word on a call that is over', async () => {
    const place = await fresh();
    const { calls } = await heard(place);
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    await calls.update(call.id, { ending: HUNG_UP }, T0 + 1);
    await calls.update(call.id, { durationSeconds: 61, sessionStartedAt: T0 }, T0 + 2);
    expect(await toldOfCalls(place)).toEqual(['received', 'ended']);
  });
});
