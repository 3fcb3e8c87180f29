import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import type { Decide, DialOrder } from '../../../../src/permissions/ports.ts';
import { type Database, openDatabase } from '../../../../src/storage/index.ts';
import { T0 } from '../../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { allow, allowOne, ask, askOnce, DENIAL, deny, dialOrder, USER } from '../../../support/dial-order.ts';
import { MASTER_KEY } from '../../../support/master-key.ts';

const ENDED = { class: 'missed', reason: 'unanswered', endedBy: 'user', detail: null } as const;

/** How many of many dials at once are let through. */
async function rush(books: readonly Database[], order: () => DialOrder, decide: Decide): Promise<number> {
  const dials = Array.from({ length: 50 }, (_, index) =>
    books[index % books.length]!.permissions.reserve(order(), T0, decide),
  );
  const reservations = await Promise.all(dials);
  return reservations.filter((reservation) => reservation?.decision.type === 'allow').length;
}

describe.each(DATABASES)('a reservation ($name)', ({ fresh }) => {
  it('is had by exactly one of 50 dials to one user', async () => {
    const database = await openTestDatabase(await fresh());
    expect(await rush([database], dialOrder, allowOne)).toBe(1);
  });

  it('is had by exactly one of 50 dials to one user over two processes', async () => {
    const place = await fresh();
    const both = [await openTestDatabase(place), await openTestDatabase(place)];
    expect(await rush(both, dialOrder, allowOne)).toBe(1);
    const { data } = await both[1]!.calls.list({
      phoneNumberId: PHONE_NUMBER_ID,
      projectId: DEFAULT_PROJECT_ID,
      limit: 100,
      after: null,
      before: null,
      agentId: null,
      user: null,
      direction: 'outbound',
      status: null,
      callId: null,
      since: null,
      until: null,
    });
    expect(data).toHaveLength(1);
  });

  it('is not had by more users than the number has places, over two processes', async () => {
    const place = await fresh();
    const both = [await openTestDatabase(place), await openTestDatabase(place)];
    let user = 0;
    const order = () => dialOrder({ user: { waId: `1555010${1000 + user++}`, userId: null } });
    const tenPlaces: Decide = ({ number }) => (number.liveCalls < 10 ? { type: 'allow', warnings: [] } : DENIAL);
    expect(await rush(both, order, tenPlaces)).toBe(10);
  });

  it('is the record of the call: not named, being placed, with what the client gave', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder({ bizOpaqueCallbackData: 'order 12', createdAt: T0 - 5 });
    expect(await permissions.reserve(order, T0, allow)).toEqual({
      decision: { type: 'allow', warnings: [] },
      requestId: null,
    });
    const identity = callIdentity({
      id: order.id,
      callId: order.id,
      direction: 'outbound',
      bizOpaqueCallbackData: 'order 12',
      user: { ...USER, parentUserId: null, name: null },
      startedAt: T0,
    });
    expect(await calls.unfinished()).toEqual([{ identity, answered: false, launched: false, followed: false }]);
    expect(await calls.recorded(order.id)).toEqual({ identity, over: false });
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      id: order.id,
      call_id: null,
      direction: 'outbound',
      status: 'initiated',
      started_at: new Date(T0).toISOString(),
      created_at: new Date(T0).toISOString(),
      biz_opaque_callback_data: 'order 12',
      ending: null,
      waiting: null,
    });
  });

  it('names the agent that the dial is for', async () => {
    const { permissions, calls, agents } = await openTestDatabase(await fresh());
    const agent = { id: 'agent-7', name: 'Seven', provider: { kind: 'websocket' }, createdAt: T0, updatedAt: T0 };
    await agents.put({ ...agent, settings: {} } as never);
    const order = dialOrder({ voiceAgentId: 'agent-7' });
    await permissions.reserve(order, T0, allow);
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      voice_agent: { id: 'agent-7', name: 'Seven' },
    });
    const gone = dialOrder({ voiceAgentId: 'agent-8' });
    await permissions.reserve(gone, T0, allow);
    expect(await calls.find(DEFAULT_PROJECT_ID, gone.id)).toMatchObject({ voice_agent: null });
  });

  it('says that a client has the media of its own call', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder({ clientMedia: true });
    await permissions.reserve(order, T0, allow);
    expect(await calls.unfinished()).toEqual([expect.objectContaining({ followed: true })]);
    await permissions.named(order.id, 'wacid.client', T0 + 1);
    expect(await calls.find(DEFAULT_PROJECT_ID, 'wacid.client')).toMatchObject({
      id: order.id,
      call_id: 'wacid.client',
    });
  });

  it('ends with the call, and the place is free', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const first = dialOrder();
    await permissions.reserve(first, T0, allowOne);
    expect((await permissions.reserve(dialOrder(), T0, allowOne))?.decision).toEqual(DENIAL);
    await calls.update(first.id, { status: 'completed', endedAt: T0 + 9, ending: ENDED }, T0 + 9);
    expect((await permissions.reserve(dialOrder(), T0 + 10, allowOne))?.decision.type).toBe('allow');
  });

  it('ends when the placing is abandoned, once, and says why', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder();
    await permissions.reserve(order, T0, allowOne);
    await permissions.abandon(order.id, { reason: 'connect_refused', detail: '138006' }, T0 + 5);
    await permissions.abandon(order.id, { reason: 'connect_unknown', detail: null }, T0 + 6);
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({
      status: 'failed',
      ended_at: new Date(T0 + 5).toISOString(),
      ending: { class: 'failed', reason: 'connect_refused', ended_by: 'meta', detail: '138006' },
    });
    expect(await calls.timeline(order.id)).toEqual([
      {
        at: new Date(T0 + 5).toISOString(),
        type: 'ended',
        data: { class: 'failed', reason: 'connect_refused', endedBy: 'meta', detail: '138006' },
      },
    ]);
    expect((await permissions.reserve(dialOrder(), T0 + 7, allowOne))?.decision.type).toBe('allow');
  });

  it('is not given back by a dial that has none, and that goes on waiting', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder({ notBefore: T0 + 60_000 });
    await permissions.wait({ order, state: 'scheduled', nextAt: T0 + 60_000 }, T0);
    await permissions.abandon(order.id, { reason: 'connect_unknown', detail: null }, T0 + 5);
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({ status: 'scheduled', ending: null });
    expect(await permissions.waiting(order.id)).toMatchObject({ state: 'scheduled' });
  });

  it('is not had twice by one dial', async () => {
    const { permissions } = await openTestDatabase(await fresh());
    const order = dialOrder();
    expect(await permissions.reserve(order, T0, allow)).not.toBeNull();
    expect(await permissions.reserve(order, T0 + 1, allow)).toBeNull();
  });

  it('is not had twice by one dial, though its number leads to nobody by now', async () => {
    const { permissions } = await openTestDatabase(await fresh());
    const order = dialOrder();
    await permissions.reserve(order, T0, allow);
    await permissions.windowOpened(PHONE_NUMBER_ID, { ...USER, userId: 'US.1' }, T0);
    await permissions.windowOpened(PHONE_NUMBER_ID, { waId: '15550100009', userId: 'US.1' }, T0);
    expect((await permissions.read(PHONE_NUMBER_ID, USER, T0)).pair.liveCall).toBeNull();
    expect(await permissions.reserve(order, T0 + 1, allow)).toBeNull();
  });

  it('of a dial that waited is for whom it waited, though the number is of another person by now', async () => {
    const { permissions } = await openTestDatabase(await fresh());
    const seen: (number | null)[] = [];
    const look: Decide = ({ pair }) => {
      seen.push(pair.windowUntil);
      return DENIAL;
    };
    await permissions.windowOpened(PHONE_NUMBER_ID, { ...USER, userId: 'US.1' }, T0 + 1);
    const waits = dialOrder();
    await permissions.wait({ order: waits, state: 'scheduled', nextAt: T0 }, T0);
    await permissions.windowOpened(PHONE_NUMBER_ID, { ...USER, userId: 'US.2' }, T0 + 2);
    for (const order of [waits, dialOrder()]) await permissions.reserve(order, T0, look);
    expect(seen).toEqual([T0 + 1, T0 + 2]);
  });

  it('that is denied leaves nothing behind', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const order = dialOrder();
    expect(await permissions.reserve(order, T0, deny)).toEqual({ decision: DENIAL, requestId: null });
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toBeNull();
    expect(await permissions.waiting(order.id)).toBeNull();
  });

  it('whose decision throws harms no other of the same moment, and leaves nothing', async () => {
    const { permissions, calls } = await openTestDatabase(await fresh());
    const [bad, good] = [dialOrder({ user: { waId: '15550100002', userId: null } }), dialOrder()];
    const outcomes = await Promise.allSettled([
      permissions.reserve(bad, T0, () => {
        throw new Error('a fault of the rules');
      }),
      permissions.reserve(good, T0, allow),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await calls.find(DEFAULT_PROJECT_ID, bad.id)).toBeNull();
    expect(await calls.find(DEFAULT_PROJECT_ID, good.id)).not.toBeNull();
  });

  it('asks once for 50 dials that need the permission of one user, over two processes', async () => {
    const place = await fresh();
    const both = [await openTestDatabase(place), await openTestDatabase(place)];
    const asked = await Promise.all(
      Array.from({ length: 50 }, (_, index) => both[index % 2]!.permissions.reserve(dialOrder(), T0, askOnce)),
    );
    expect(asked.filter((reservation) => reservation?.decision.type === 'ask')).toHaveLength(1);
    expect(asked.filter((reservation) => reservation?.requestId !== null)).toHaveLength(1);
  });

  it('is there after the process died right behind it, and the place is taken', async () => {
    const place = await fresh();
    const order = dialOrder();
    const died = await openDatabase({ ...place, masterKey: MASTER_KEY });
    await died.permissions.reserve(order, T0, allowOne);
    // Nobody closes it: what is promised is on the disk already.
    const { permissions, calls } = await openTestDatabase(place);
    expect((await permissions.reserve(dialOrder(), T0, allowOne))?.decision).toEqual(DENIAL);
    expect((await calls.unfinished()).map(({ identity }) => identity.id)).toEqual([order.id]);
    await died.close();
  });

  it('that was still asked for when the process died is there as a whole or not at all', async () => {
    const place = await fresh();
    const order = dialOrder();
    const died = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const pending = died.permissions.reserve(order, T0, ask);
    const { permissions, calls } = await openTestDatabase(place);
    const record = await calls.find(DEFAULT_PROJECT_ID, order.id);
    const waits = await permissions.waiting(order.id);
    expect(record === null).toBe(waits === null);
    await pending;
    await died.close();
    expect(await permissions.waiting(order.id)).not.toBeNull();
  });
});
