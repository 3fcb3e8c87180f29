import { describe, expect, it } from 'vitest';
import type { CallIdentity, MetaInput } from '../../src/call/index.ts';
import { policy as callPolicy } from '../support/call.ts';
import { connectEvent } from '../support/call-event.ts';
import { type DialScript, dialEvent, metaIdOf, PICKED_UP } from '../support/dialled-phones.ts';
import { dialIdentity, MemoryLog, SMOOTH, World, type WorldOptions } from '../support/world.ts';

const DIAL = 'dial.1';
const META = metaIdOf(DIAL);
const policy = callPolicy();
/** Nobody hears of Graph's answer, and Meta has the call. */
const LOST: Partial<DialScript> = { answer: 'lost', answerMs: 10_000 };
const SLOW: Partial<DialScript> = { answerMs: 8_000 };

function worldOf(dial: Partial<DialScript> = {}, options: WorldOptions = {}): World {
  return new World(policy, () => ({ ...SMOOTH, dial: { ...PICKED_UP, ...dial } }), options);
}

const recordOf = (world: World, key = DIAL) => world.log.records.get(key)!;
const endingOf = (world: World, key = DIAL) => recordOf(world, key).patch.ending;
const timelineOf = (world: World) => recordOf(world).events.map(({ type }) => type);

/** Brings a webhook of the dial by hand, with our callback data unless it is told otherwise. */
async function say(world: World, input: MetaInput, bizOpaqueCallbackData: string | null = `talkwire:${DIAL}`) {
  await world.runtime.handle(dialEvent(META, input, { bizOpaqueCallbackData }));
}

function status(world: World, word: 'RINGING' | 'ACCEPTED' | 'REJECTED'): MetaInput {
  return { type: 'meta.status', status: word, timestamp: world.clock.now() };
}

function terminated(world: World, startTime: number | null): MetaInput {
  const timestamp = world.clock.now();
  const endTime = startTime === null ? null : timestamp;
  const durationSeconds = startTime === null ? null : 3;
  return { type: 'meta.terminate', timestamp, status: 'COMPLETED', startTime, endTime, durationSeconds, errors: [] };
}

function expectQuiet(world: World): void {
  expect(world.runtime.liveCalls).toBe(0);
  expect(world.media.open.size).toBe(0);
  expect([...world.graph.alive]).toEqual([]);
  expect(world.faults).toEqual([]);
}

describe('A call that we place', () => {
  it('is offered to Graph with our callback data, speaks when it is picked up, and ends when the user hangs up', async () => {
    const world = worldOf();
    await world.dial(DIAL);
    await world.clock.advance(10_000);
    expect(world.graph.phones.connects).toMatchObject([
      { phoneNumberId: 'pn-1', key: DIAL, callbackData: `talkwire:${DIAL}`, sdp: `offer of ${DIAL}` },
    ]);
    expect(world.media.open.get(DIAL)?.effects).toEqual([
      'media.offer',
      'agent.connect',
      'media.answer',
      'media.ungate',
      'agent.start',
    ]);
    expect(world.runtime.liveCall(DIAL)?.identity.callId).toBe(META);

    await world.clock.advance(60_000);
    expect(recordOf(world)).toMatchObject({
      identity: { callId: META },
      patch: { ending: { class: 'completed', reason: 'user_hangup' } },
    });
    expectQuiet(world);
    expect(world.clock.pending).toBe(0);
  });

  it.each<[string, Partial<DialScript>]>([
    ['with our callback data', SLOW],
    ['without it', { ...SLOW, namesUs: false }],
    ['twice', { ...SLOW, namesUs: false, copies: 2 }],
  ])('takes webhooks that come before the answer of Graph, %s', async (_, dial) => {
    const world = worldOf(dial);
    await world.dial(DIAL);
    await world.clock.advance(9_000);
    expect(recordOf(world).patch).toMatchObject({ status: 'answered', callId: META });
    expect(world.media.open.get(DIAL)?.effects).toContain('agent.start');
    await world.clock.advance(60_000);
    expect(endingOf(world)).toMatchObject({ reason: 'user_hangup' });
    expect(world.graph.phones.connects).toHaveLength(1);
    expectQuiet(world);
  });

  it('is adopted by a webhook when Graph never answers, and not placed again', async () => {
    const world = worldOf({ ...LOST, connectedMs: 60_000, ringingMs: 60_500, then: { ...PICKED_UP.then, ms: 61_000 } });
    await world.dial(DIAL);
    await world.clock.advance(65_000);
    expect(recordOf(world).patch).toMatchObject({ status: 'answered' });
    await world.clock.advance(60_000);
    expect(endingOf(world)).toMatchObject({ reason: 'user_hangup' });
    expect(world.graph.phones.connects).toHaveLength(1);
    expectQuiet(world);
  });

  it('is given up when nobody names it, and leaves nothing behind', async () => {
    const world = worldOf({ ...LOST, reaches: false });
    await world.dial(DIAL);
    await world.clock.advance(10 * 60_000);
    expect(endingOf(world)).toMatchObject({ class: 'failed', reason: 'connect_unknown' });
    expectQuiet(world);
    expect(world.clock.pending).toBe(0);
  });

  it('ends with the reason of Graph when Graph refuses it', async () => {
    const world = worldOf({ answer: 'refused', reaches: false });
    await world.dial(DIAL);
    await world.clock.advance(5_000);
    expect(endingOf(world)).toMatchObject({ class: 'failed', reason: 'connect_refused', detail: '138006' });
    expect(world.graph.requests).toEqual([]);
    expectQuiet(world);
  });

  it('can be hung up before Meta has named it, and Graph is told as soon as it has', async () => {
    const world = worldOf(SLOW);
    world.graph.phones.deliver = async () => {};
    await world.dial(DIAL);
    await world.clock.advance(1_000);
    expect(world.runtime.hangUp(DIAL)).toBe(true);
    await world.clock.advance(1_000);
    expect(world.graph.requests).toEqual([]);
    await world.clock.advance(10_000);
    expect(world.graph.actionsOf(META)).toEqual(['terminate']);
    expect(endingOf(world)).toMatchObject({ class: 'missed', reason: 'cancelled', endedBy: 'api' });
    expectQuiet(world);
  });

  it('is ended at Graph when Graph answers after all, long after it was given up', async () => {
    const world = worldOf({ answerMs: 300_000, then: { type: 'rings_out', ms: 600_000 } });
    world.graph.phones.deliver = async () => {};
    await world.dial(DIAL);
    await world.clock.advance(290_000);
    expect(endingOf(world)).toMatchObject({ reason: 'connect_unknown' });
    await world.clock.advance(20_000);
    expect(world.graph.actionsOf(META)).toEqual(['terminate']);
    expect(recordOf(world).identity.callId).toBe(META);
    expect(world.runtime.isLive(META)).toBe(false);
    expectQuiet(world);
  });

  it('is not placed twice under one id', async () => {
    const world = worldOf();
    await world.dial(DIAL);
    await expect(world.dial(DIAL)).rejects.toThrow('live already');
    await world.clock.advance(1_000);
    expect(world.graph.phones.connects).toHaveLength(1);
  });

  it('fails as one whose outcome is unknown when the Graph port throws', async () => {
    const graph = { act: () => Promise.reject(new Error('x')), connect: () => Promise.reject(new Error('no socket')) };
    const world = worldOf({}, { ports: { graph } });
    await world.dial(DIAL);
    await world.clock.advance(10 * 60_000);
    expect(endingOf(world)).toMatchObject({ reason: 'connect_unknown' });
    expect(world.faults).toHaveLength(1);
    expect(world.runtime.liveCalls).toBe(0);
  });
});

describe('A webhook of a call that we placed and gave up', () => {
  async function givenUp(): Promise<World> {
    const world = worldOf({ ...LOST, reaches: false });
    world.collector.start();
    await world.dial(DIAL);
    await world.clock.advance(10 * 60_000);
    world.graph.alive.add(META);
    return world;
  }

  it.each(['RINGING', 'ACCEPTED'] as const)('that says %s has Graph end the call, once', async (word) => {
    const world = await givenUp();
    await say(world, status(world, word));
    await say(world, status(world, 'RINGING'));
    await world.clock.advance(1_000);
    expect(world.graph.actionsOf(META)).toEqual(['terminate']);
    expect(world.debts.rows.size).toBe(0);
    expect(endingOf(world)).toMatchObject({ reason: 'connect_unknown' });
    expect(recordOf(world).identity.callId).toBe(META);
    expect(timelineOf(world)).toContain('named_after_end');
    await world.collector.stop();
    expectQuiet(world);
  });

  it('is counted as picked up if it was, by what Meta says of it', async () => {
    const world = await givenUp();
    const pickedUpAt = world.clock.now();
    await say(world, status(world, 'ACCEPTED'));
    expect(recordOf(world).patch.sessionStartedAt).toBe(pickedUpAt);
    await world.clock.advance(4_000);
    await say(world, terminated(world, pickedUpAt), null);
    expect(recordOf(world).patch).toMatchObject({ durationSeconds: 3, sessionStartedAt: pickedUpAt });
    await world.collector.stop();
  });

  it.each<[string, (world: World) => MetaInput]>([
    ['rejected', (world) => status(world, 'REJECTED')],
    ['is over', (world) => terminated(world, null)],
  ])('that says it %s owes nobody anything', async (_, input) => {
    const world = await givenUp();
    await say(world, input(world));
    await world.clock.advance(1_000);
    expect(world.graph.requests).toEqual([]);
    expect(world.debts.rows.size).toBe(0);
    await world.collector.stop();
  });

  it('has a second call of one dial ended, and leaves the first alone', async () => {
    const world = worldOf();
    world.collector.start();
    await world.dial(DIAL);
    await world.clock.advance(6_000);
    world.graph.alive.add('wacid.other');
    const ringing = dialEvent('wacid.other', status(world, 'RINGING'), { bizOpaqueCallbackData: `talkwire:${DIAL}` });
    await world.runtime.handle(ringing);
    await world.clock.advance(1_000);
    expect(world.graph.actionsOf('wacid.other')).toEqual(['terminate']);
    expect(world.runtime.liveCall(DIAL)?.identity.callId).toBe(META);
    await world.collector.stop();
  });

  it('of a call that came to its end in order changes nothing any more', async () => {
    const world = worldOf();
    await world.dial(DIAL);
    await world.clock.advance(60_000);
    const before = timelineOf(world);
    await say(world, status(world, 'ACCEPTED'));
    expect(timelineOf(world)).toEqual(before);
    expect(world.ignored).toContain('meta.status: call is over');
    expect(world.debts.rows.size).toBe(0);
  });
});

describe('Calls that other apps of the account dial', () => {
  const foreign = (world: World, callId: string, data: string | null = null) =>
    world.runtime.handle(dialEvent(callId, status(world, 'RINGING'), { bizOpaqueCallbackData: data }));

  it('are ignored while none of ours waits for its name', async () => {
    const world = worldOf();
    await world.dial(DIAL);
    await world.clock.advance(2_000);
    await foreign(world, 'wacid.foreign');
    expect(world.ignored).toEqual(['meta.status: not dialled here']);
  });

  it('are kept only until ours has its name, and never become calls of ours', async () => {
    const world = worldOf({ ...SLOW, namesUs: false });
    await world.dial(DIAL);
    await foreign(world, 'wacid.foreign');
    expect(world.ignored).toEqual([]);
    await world.clock.advance(60_000);
    expect(world.ignored).toEqual(['meta.status: not dialled here']);
    expect(world.log.records.size).toBe(1);
    expectQuiet(world);
  });

  it('are ignored at once when they are of another installation of ours, or of another number', async () => {
    const world = worldOf(SLOW);
    await world.dial(DIAL);
    await foreign(world, 'wacid.a', 'talkwire:somebody-else');
    const elsewhere = dialEvent('wacid.b', status(world, 'RINGING'), { phoneNumberId: 'pn-2' });
    await world.runtime.handle(elsewhere);
    expect(world.ignored).toEqual(['meta.status: not dialled here', 'meta.status: not dialled here']);
  });
});

describe('Admission and drain with dials', () => {
  it('counts dials among the calls that are live, for those that come in too', async () => {
    const world = worldOf({}, { maxCalls: 1 });
    expect(world.runtime.dialRefusal()).toBeNull();
    await world.dial(DIAL);
    expect(world.runtime.dialRefusal()).toBe('at_capacity');
    await world.runtime.handle(connectEvent('wacid.in', world.clock.now()));
    await world.clock.advance(1_000);
    expect(world.log.byCallId('wacid.in')?.patch.ending).toMatchObject({ reason: 'at_capacity' });
  });

  it('places nothing in a drain: a dial that finds one has its record closed and never reaches Graph', async () => {
    const world = worldOf();
    const drained = world.runtime.drain(30_000);
    expect(world.runtime.dialRefusal()).toBe('draining');
    await world.dial(DIAL);
    await world.clock.advance(1_000);
    expect(endingOf(world)).toBeDefined();
    expect(world.graph.phones.connects).toEqual([]);
    expect(world.graph.requests).toEqual([]);
    await drained;
    expectQuiet(world);
    expect(world.clock.pending).toBe(0);
  });

  it('lets a phone ring on in a drain, and its call end by itself', async () => {
    const world = worldOf();
    await world.dial(DIAL);
    await world.clock.advance(2_000);
    const drained = world.runtime.drain(60_000);
    await world.clock.advance(40_000);
    await drained;
    expect(endingOf(world)).toMatchObject({ reason: 'user_hangup' });
  });

  it('ends what still rings when the time of the drain is over', async () => {
    const world = worldOf({ then: { type: 'rings_out', ms: 60_000 } });
    await world.dial(DIAL);
    await world.clock.advance(2_000);
    const drained = world.runtime.drain(5_000);
    await world.clock.advance(10_000);
    await drained;
    expect(world.graph.actionsOf(META)).toEqual(['terminate']);
    expect(endingOf(world)).toMatchObject({ class: 'missed', reason: 'cancelled' });
    expectQuiet(world);
  });

  it('leaves a dial that only lacks its name to the next start, but waits for the answer of Graph', async () => {
    const world = worldOf(LOST);
    world.graph.phones.deliver = async () => {};
    await world.dial(DIAL);
    await world.clock.advance(1_000);
    let over = false;
    const drained = world.runtime.drain(2_000).then(() => {
      over = true;
    });
    await world.clock.advance(8_000);
    expect(over).toBe(false);
    await world.clock.advance(2_000);
    await drained;
    expect(endingOf(world)).toBeUndefined();

    const after = worldOf({}, { log: world.log });
    after.graph.alive.add(META);
    expect(await after.runtime.recover()).toBe(1);
    await say(after, status(after, 'RINGING'));
    await after.clock.advance(20_000);
    expect(after.graph.actionsOf(META)).toEqual(['terminate']);
    expect(endingOf(after)).toMatchObject({ reason: 'service_restarted' });
    expect(after.graph.phones.connects).toEqual([]);
    expectQuiet(after);
  });
});

describe('Dials after kill -9', () => {
  async function crashed(dial: Partial<DialScript>, afterMs: number): Promise<World> {
    const before = worldOf(dial);
    await before.dial(DIAL);
    await before.clock.advance(afterMs);
    const after = worldOf({}, { log: before.log });
    for (const callId of before.graph.alive) after.graph.alive.add(callId);
    const recovering = after.runtime.recover();
    await after.clock.advance(10);
    expect(await recovering).toBe(1);
    return after;
  }

  it('that had their name are ended, at Graph too', async () => {
    const world = await crashed({}, 6_000);
    await world.clock.advance(20_000);
    expect(world.graph.actionsOf(META)).toEqual(['terminate']);
    expect(endingOf(world)).toMatchObject({ class: 'dropped', reason: 'service_restarted' });
    expectQuiet(world);
  });

  it('that had none are ended when a webhook names them, and not placed again', async () => {
    const world = await crashed({ ...SLOW, connectedMs: 20_000 }, 500);
    await world.clock.advance(30_000);
    expect(endingOf(world)).toBeUndefined();
    await say(world, { type: 'meta.connect', sdpType: 'answer', sdp: 'v=0', timestamp: world.clock.now() });
    await world.clock.advance(1_000);
    expect(world.graph.actionsOf(META)).toEqual(['terminate']);
    expect(world.graph.phones.connects).toEqual([]);
    await world.clock.advance(20_000);
    expect(endingOf(world)).toMatchObject({ class: 'failed', reason: 'service_restarted' });
    expectQuiet(world);
  });

  it('that nobody names end by themselves, and hold no place any more', async () => {
    const world = await crashed({ ...SLOW, reaches: false, ringingMs: null }, 500);
    await world.clock.advance(10 * 60_000);
    expect(endingOf(world)).toMatchObject({ reason: 'service_restarted' });
    expect(world.graph.requests).toEqual([]);
    expectQuiet(world);
    expect(world.clock.pending).toBe(0);
  });
});

describe('A call that a client placed and has the media of', () => {
  const named = { ...dialIdentity(DIAL, 0), callId: META };

  async function follow(world: World): Promise<void> {
    const identity = { ...named, startedAt: world.clock.now() };
    await world.log.create(identity, 'initiated', world.clock.now(), null);
    world.log.followed.add(DIAL);
    await world.runtime.follow(identity, policy);
  }

  it('is followed to its end without media or agent, and is not asked of Graph', async () => {
    const world = worldOf();
    await follow(world);
    await say(world, status(world, 'ACCEPTED'), 'of the client');
    await world.clock.advance(3_000);
    await say(world, terminated(world, world.clock.now() - 3_000), 'of the client');
    await world.clock.advance(1_000);
    expect(recordOf(world).patch).toMatchObject({ durationSeconds: 3, ending: { class: 'completed' } });
    expect(world.graph.requests).toEqual([]);
    expect(world.graph.phones.connects).toEqual([]);
    expectQuiet(world);
    expect(world.clock.pending).toBe(0);
  });

  it('hears what Meta said while Graph was still being asked', async () => {
    const world = worldOf();
    const over = world.runtime.expectName('pn-1');
    await say(world, status(world, 'ACCEPTED'), null);
    await follow(world);
    over();
    await world.clock.advance(10);
    expect(recordOf(world).patch).toMatchObject({ status: 'answered' });
    expect(world.ignored).toEqual([]);
  });

  it('is nobody of ours when Graph refused it', async () => {
    const world = worldOf();
    const over = world.runtime.expectName('pn-1');
    await say(world, status(world, 'RINGING'), null);
    over();
    expect(world.ignored).toEqual(['meta.status: not dialled here']);
  });

  it('outlives a drain and is followed by the next start', async () => {
    const world = worldOf();
    await follow(world);
    await say(world, status(world, 'ACCEPTED'), null);
    const drained = world.runtime.drain(0);
    await world.clock.advance(1_000);
    await drained;
    expect(endingOf(world)).toBeUndefined();
    expect(world.clock.pending).toBe(0);

    const after = worldOf({}, { log: world.log });
    expect(await after.runtime.recover()).toBe(0);
    await say(after, terminated(after, after.clock.now() - 3_000), null);
    await after.clock.advance(1_000);
    expect(endingOf(after)).toMatchObject({ class: 'completed' });
    expect(after.graph.requests).toEqual([]);
  });

  it('has no longest time by the rules of its number, after a restart as little as before', async () => {
    const log = new MemoryLog();
    await log.create({ ...named, startedAt: Date.UTC(2026, 10, 20, 11) }, 'answered', 0, null);
    log.followed.add(DIAL);
    const world = new World(callPolicy({ maxDurationMs: 60_000 }), () => ({ ...SMOOTH, dial: PICKED_UP }), { log });
    await world.runtime.recover();
    await world.clock.advance(60_000);
    expect(endingOf(world)).toBeUndefined();
    expect(world.graph.requests).toEqual([]);
  });

  it.each([
    ['by the client’s callback data', 'order-7'],
    ['by its user, where the client gave none', null],
  ])('that Graph had not named when the process died is known %s', async (_, data) => {
    const world = await afterCrash({ bizOpaqueCallbackData: data });
    await say(world, status(world, 'RINGING'), 'of another client');
    expect(recordOf(world).patch.callId).toBeUndefined();
    await say(world, status(world, 'ACCEPTED'), data);
    await world.clock.advance(10);
    expect(recordOf(world).patch).toMatchObject({ callId: META, status: 'answered' });
    await say(world, terminated(world, world.clock.now() - 3_000), data);
    await world.clock.advance(1_000);
    expect(endingOf(world)).toMatchObject({ class: 'completed' });
    expect(world.graph.requests).toEqual([]);
  });

  it('is not taken for that of another user, though the client says the same with all of its calls', async () => {
    const world = await afterCrash({ bizOpaqueCallbackData: 'campaign 7' });
    const user = { waId: '491550000002', userId: null, parentUserId: null, name: null };
    const ringing = status(world, 'RINGING');
    await world.runtime.handle(dialEvent('wacid.other', ringing, { bizOpaqueCallbackData: 'campaign 7', user }));
    expect(recordOf(world).patch.callId).toBeUndefined();
    await say(world, status(world, 'RINGING'), 'campaign 7');
    await world.clock.advance(10);
    expect(recordOf(world).patch).toMatchObject({ callId: META });
  });

  it('is not named by a late copy of what was said of the one before it with that user', async () => {
    const world = await afterCrash({ bizOpaqueCallbackData: 'campaign 7' });
    const first = { ...named, id: 'dial.0', callId: 'wacid.first', bizOpaqueCallbackData: 'campaign 7' };
    await world.log.create(first, 'initiated', world.clock.now(), null);
    const over = { class: 'missed', reason: 'unanswered', endedBy: 'user', detail: null } as const;
    await world.log.update(first.id, { ending: over });
    const word = terminated(world, null);
    await world.runtime.handle(dialEvent('wacid.first', word, { bizOpaqueCallbackData: 'campaign 7' }));
    await world.clock.advance(10);
    expect(recordOf(world).patch.callId).toBeUndefined();
    expect(endingOf(world)).toBeUndefined();
    await say(world, status(world, 'ACCEPTED'), 'campaign 7');
    await world.clock.advance(10);
    expect(recordOf(world).patch).toMatchObject({ callId: META, status: 'answered' });
  });

  describe('while another is being placed that the client says the same with', () => {
    const hidden = { waId: null, userId: 'DE.9', parentUserId: null, name: null };
    const bizOpaqueCallbackData = 'campaign 7';

    async function ringsWhilePlaced() {
      const world = await afterCrash({ bizOpaqueCallbackData });
      const over = world.runtime.expectName('pn-1');
      const event = dialEvent('wacid.hidden', status(world, 'RINGING'), { bizOpaqueCallbackData, user: hidden });
      await world.runtime.handle(event);
      await world.clock.advance(10);
      expect(recordOf(world).patch.callId).toBeUndefined();
      return { world, over };
    }

    it("does not take the other's name, which Graph's answer gives", async () => {
      const { world, over } = await ringsWhilePlaced();
      const other = { ...named, id: 'dial.2', callId: 'wacid.hidden', user: hidden, bizOpaqueCallbackData };
      await world.log.create(other, 'initiated', world.clock.now(), null);
      await world.runtime.follow(other, policy);
      over();
      await world.clock.advance(10);
      expect(recordOf(world, 'dial.2').patch).toMatchObject({ status: 'ringing' });
      expect(recordOf(world).patch.callId).toBeUndefined();
      expect(world.ignored).toEqual([]);
    });

    it('gets what was kept for the other when Graph refused that one', async () => {
      const { world, over } = await ringsWhilePlaced();
      over();
      await world.clock.advance(10);
      expect(recordOf(world).patch).toMatchObject({ callId: 'wacid.hidden', status: 'ringing' });
      expect(world.ignored).toEqual([]);
    });
  });

  it('whose answer of Graph was lost is known by a webhook that was here before', async () => {
    const world = worldOf();
    const over = world.runtime.expectName('pn-1');
    await world.log.create(dialIdentity(DIAL, 0), 'initiated', 0, null);
    await say(world, status(world, 'RINGING'), null);
    await world.runtime.follow(dialIdentity(DIAL, 0), policy);
    over();
    await world.clock.advance(10);
    expect(recordOf(world).patch).toMatchObject({ callId: META, status: 'ringing' });
    expect(world.ignored).toEqual([]);
  });

  it('that nobody names is given up after a while', async () => {
    const world = await afterCrash({});
    await world.clock.advance(10 * 60_000);
    expect(endingOf(world)).toMatchObject({ class: 'failed', reason: 'connect_unknown' });
    expectQuiet(world);
  });

  async function afterCrash(differences: Partial<CallIdentity>) {
    const log = new MemoryLog();
    const at = worldOf().clock.now();
    await log.create({ ...dialIdentity(DIAL, at), ...differences }, 'initiated', at, null);
    log.followed.add(DIAL);
    const world = worldOf({}, { log });
    expect(await world.runtime.recover()).toBe(0);
    return world;
  }
});
