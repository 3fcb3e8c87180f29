import { describe, expect, it } from 'vitest';
import type { CallControl } from '../../src/runtime/index.ts';
import { policy as callPolicy, chainPolicy, TAKEOVERS } from '../support/call.ts';
import { connectEvent, terminateEvent } from '../support/call-event.ts';
import type { DialScript } from '../support/dialled-phones.ts';
import { type AgentScript, type Script, SMOOTH, World } from '../support/world.ts';

const policy = callPolicy();

describe('A bridge of thousands of calls on a virtual clock', () => {
  it('answers a call, lets it talk, and closes it when the caller hangs up', async () => {
    const world = new World(policy);
    await connect(world, 'wacid.1');
    await world.clock.advance(10_000);
    expect(world.graph.actionsOf('wacid.1')).toEqual(['pre_accept', 'accept']);
    expect(world.media.open.get(world.media.keyOf('wacid.1'))?.effects).toEqual([
      'media.open',
      'agent.connect',
      'media.ungate',
      'agent.start',
    ]);

    await terminate(world, 'wacid.1', 10);
    await world.clock.advance(1_000);
    expect(world.log.byCallId('wacid.1')?.patch.ending).toMatchObject({ class: 'completed', reason: 'user_hangup' });
    expect(world.runtime.liveCalls).toBe(0);
    expect(world.media.open.size).toBe(0);
  });

  it('never rings a call whose terminate came first', async () => {
    const world = new World(policy);
    await terminate(world, 'wacid.1', null);
    await connect(world, 'wacid.1');
    await world.clock.advance(20_000);
    expect(world.graph.requests).toEqual([]);
    expect(world.log.byCallId('wacid.1')?.patch.ending).toMatchObject({
      class: 'missed',
      reason: 'terminated_before_connect',
    });
  });

  it('starts one call for two copies of a connect that come at the same instant', async () => {
    const world = new World(policy);
    await Promise.all([connect(world, 'wacid.1'), connect(world, 'wacid.1')]);
    await world.clock.advance(5_000);
    expect(world.log.records.size).toBe(1);
    expect(world.graph.actionsOf('wacid.1')).toEqual(['pre_accept', 'accept']);
  });

  it('keeps no record of a call that another app of the account dialled', async () => {
    const world = new World(policy);
    const { identity: inbound, input } = connectEvent('wacid.1', world.clock.now());
    await world.runtime.handle({ identity: { ...inbound, direction: 'outbound' }, input });
    expect(world.log.records.size).toBe(0);
    expect(world.ignored).toEqual(['meta.connect: not dialled here']);
  });

  it('refuses calls beyond its capacity and while it drains, and tells Graph', async () => {
    const world = new World(policy, () => SMOOTH, { maxCalls: 1 });
    await connect(world, 'wacid.1');
    await connect(world, 'wacid.2');
    await world.clock.advance(2_000);
    expect(world.log.byCallId('wacid.2')?.patch.ending).toMatchObject({ class: 'rejected', reason: 'at_capacity' });
    expect(world.graph.actionsOf('wacid.2')).toEqual(['reject']);

    const drained = world.runtime.drain(30_000);
    await connect(world, 'wacid.3');
    await world.clock.advance(2_000);
    expect(world.log.byCallId('wacid.3')?.patch.ending).toMatchObject({ class: 'rejected', reason: 'draining' });
    await world.clock.advance(30_000);
    await drained;
    expect(world.log.byCallId('wacid.1')?.patch.ending).toMatchObject({ reason: 'service_drained' });
    expect(world.graph.actionsOf('wacid.1')).toEqual(['pre_accept', 'accept', 'terminate']);
  });

  it('keeps owing a terminate that Graph did not answer', async () => {
    const unknown = {
      type: 'graph.failed',
      action: 'terminate',
      error: { code: null, httpStatus: null, kind: 'unknown', message: 'timeout' },
    } as const;
    const world = new World(policy, () => ({ ...SMOOTH, graph: { terminate: unknown } }));
    await connect(world, 'wacid.1');
    await world.clock.advance(2_000);
    world.runtime.hangUp(world.media.keyOf('wacid.1'));
    await world.clock.advance(60_000);
    expect(world.log.byCallId('wacid.1')?.patch.ending).toMatchObject({ reason: 'api_hangup' });
    expect([...world.debts.rows.values()]).toMatchObject([{ callId: 'wacid.1', action: 'terminate' }]);
  });

  it('closes the calls that a crash left open and tells Graph', async () => {
    const before = new World(policy);
    await connect(before, 'wacid.1');
    await before.clock.advance(3_000);

    const after = new World(policy, () => SMOOTH, { log: before.log });
    const recovering = after.runtime.recover();
    await after.clock.advance(20_000);
    expect(await recovering).toBe(1);
    expect(after.log.byCallId('wacid.1')?.patch.ending).toMatchObject({ reason: 'service_restarted' });
    expect(after.graph.actionsOf('wacid.1')).toEqual(['terminate']);
  });

  it('takes the billed duration from a terminate that comes when the call is long over', async () => {
    const world = new World(policy);
    await connect(world, 'wacid.1');
    await world.clock.advance(5_000);
    hangUpByApi(world, 'wacid.1');
    await world.clock.advance(2_000);
    expect(world.runtime.liveCalls).toBe(0);
    const ours = world.log.byCallId('wacid.1')?.patch.durationSeconds;

    await terminate(world, 'wacid.1', 17);
    const record = world.log.byCallId('wacid.1');
    expect(record?.patch).toMatchObject({ durationSeconds: 17, ending: { reason: 'api_hangup' } });
    expect(record?.events.at(-1)).toMatchObject({ type: 'terminate_received', data: { durationSeconds: 17 } });
    expect(ours).not.toBe(17);
    expect(world.log.tombstones.size).toBe(0);
  });

  it('brings 5,000 calls and 1,500 dials of every kind to one ending each, and leaves nothing open', async () => {
    const world = new World(withRuntime, scriptOf, {
      planFor: async ({ identity }) => ({
        policy: indexOf(identity.callId) % 4 === 0 ? withRuntime : bridged,
        refusal: null,
      }),
    });
    const calls = Array.from({ length: 5_000 }, (_, index) => `wacid.${index}`);
    const dials = Array.from({ length: 1_500 }, (_, index) => `dial.${index}`);
    const announced: string[] = [];
    const transfers: Awaited<ReturnType<CallControl['transfer']>>[] = [];
    const began = performance.now();
    world.collector.start();
    for (const [index, callId] of calls.entries()) {
      world.graph.alive.add(callId);
      await connect(world, callId);
      world.clock.at(world.clock.now() + hangUpAfter(index), () => {
        // Meta sends a terminate for every ending of a call it still had.
        if (index % 3 !== 0) return;
        world.graph.alive.delete(callId);
        void terminate(world, callId, 1);
      });
      world.clock.at(world.clock.now() + hangUpAfter(index), () => {
        const byAgent = index % 3 === 1 && hangUpByAgent(world, callId);
        if (!byAgent && index % 3 !== 0) hangUpByApi(world, callId);
      });
      // An agent that hangs up while another is to take over does not end the call.
      world.clock.at(world.clock.now() + hangUpAfter(index) + 40_000, () => hangUpByApi(world, callId));
    }
    // Whoever watches over them plays prompts into them and gives them to other agents, whenever it pleases them.
    for (const [index, callId] of calls.entries()) {
      world.clock.at(world.clock.now() + ((index * 37) % 9_000), () => {
        const key = world.log.byCallId(callId)?.identity.id ?? '';
        const { control } = world.runtime;
        const taken = control.announce(key, { id: callId, prompt: 'notice.ogg', interrupt: index % 2 === 0 });
        if (taken === null) announced.push(key);
        void control.transfer(key, index % 5 === 0 ? [] : TAKEOVERS).then((outcome) => transfers.push(outcome));
      });
    }
    for (const [index, key] of dials.entries()) {
      await world.dial(key, index % 2 === 0 ? bridged : heard);
      world.clock.at(world.clock.now() + hangUpAfter(index), () => {
        const byAgent = index % 3 === 1 && world.runtime.control.hangUpForAgent(key, true, null);
        if (!byAgent && index % 3 !== 0) world.runtime.hangUp(key);
      });
    }
    await world.clock.advance(15 * 60_000);
    await world.collector.stop();
    const seconds = (performance.now() - began) / 1_000;

    expect(world.faults).toEqual([]);
    expect(world.log.endings).toBe(calls.length + dials.length);
    expect(transfers).toHaveLength(calls.length);
    const outcomes = new Set(transfers.map((outcome) => (typeof outcome === 'string' ? outcome : outcome.type)));
    for (const kind of ['transferred', 'failed', 'not_answered', 'elsewhere', 'over']) expect(outcomes).toContain(kind);
    expect(announced.length).toBeGreaterThan(500);
    for (const key of announced) {
      const told = world.log.records.get(key)?.events.filter(({ data }) => data['prompt'] === 'notice.ogg');
      expect(told?.map(({ type }) => type)).toEqual(['prompt_requested', 'prompt_started', 'prompt_done']);
    }
    const received = calls.flatMap((callId) => world.log.byCallId(callId)?.patch ?? []);
    const kinds = new Set(received.map((patch) => `${patch.launched} ${patch.agent?.id}`));
    expect([...kinds].sort()).toEqual([
      'true agent-1',
      'undefined agent-1',
      'undefined agent-2',
      'undefined agent-3',
      'undefined takeover',
    ]);
    expect(world.runtime.liveCalls).toBe(0);
    expect(world.media.open.size).toBe(0);
    expect([...world.graph.alive]).toEqual([]);
    expect([...world.debts.rows]).toEqual([]);
    expect(world.clock.pending).toBe(0);
    // A slow machine has to be very slow to miss this: it guards against the world test becoming useless.
    expect((calls.length + dials.length) / seconds).toBeGreaterThan(200);

    // What Meta counts against its limits is what we count.
    const placed = world.graph.phones.connects.map(({ key }) => key);
    expect(new Set(placed).size).toBe(placed.length);
    const counted = dials.filter((key) => world.log.records.get(key)?.patch.sessionStartedAt !== undefined);
    expect(counted).toEqual(dials.filter((key) => world.graph.phones.wasPickedUp(key)));

    const endings = dials.map((key) => world.log.records.get(key)?.patch.ending?.reason);
    for (const reason of DIAL_ENDINGS) expect(endings).toContain(reason);
    const strays = dials.filter((key) => world.log.records.get(key)?.events.some(isNamedAfterEnd));
    expect(strays.length).toBeGreaterThan(10);
  }, 90_000);
});

/** Of those that dials come to, each must be among thousands. */
const DIAL_ENDINGS = [
  'agent_hangup',
  'agent_unavailable',
  'api_hangup',
  'cancelled',
  'connect_refused',
  'connect_unknown',
  'declined',
  'media_timeout',
  'unanswered',
  'user_hangup',
];

function isNamedAfterEnd({ type }: { readonly type: string }): boolean {
  return type === 'named_after_end';
}

/** Every fourth call is first offered to a runtime; the others have the first two of these agents. */
const withRuntime = chainPolicy(['runtime', 'raw', 'raw']);
const bridged = chainPolicy(['raw', 'raw']);
const heard = chainPolicy(['raw', 'raw'], { answeredBy: 'accepted_or_media' });

function indexOf(name: string): number {
  return Number(name.split('.').at(-1));
}

/** Every seventh call has no media, every thirteenth is refused by Graph, and many an agent does not do what it should. */
function scriptOf(name: string): Script {
  const index = indexOf(name);
  const refused = { code: 100, httpStatus: 400, kind: 'refused', message: 'Invalid parameter' } as const;
  return {
    graphMs: 20 + (index % 200),
    graph: index % 13 === 0 ? { accept: { type: 'graph.failed', action: 'accept', error: refused } } : {},
    mediaConnectMs: index % 7 === 0 ? null : 50 + (index % 400),
    agents: agentsOf(index),
    dial: dialOf(index),
  };
}

/** Graph refuses, answers late or never; webhooks come before, after, twice, or when nobody waits for them any more. */
function dialOf(index: number): DialScript {
  const kind = index % 10;
  const answer = kind === 0 ? 'refused' : kind <= 4 ? 'lost' : 'placed';
  // Longer than a dial whose outcome is unknown is watched, and hung up it is watched from then on.
  const late = kind === 1 ? 200_000 : 0;
  return {
    answer,
    answerMs: answer === 'lost' ? 10_000 : (index * 37) % 9_000,
    reaches: kind !== 0 && kind !== 4,
    // Without our callback data only the answer of Graph can name a call.
    namesUs: answer !== 'placed' || index % 4 !== 0,
    copies: 1 + (index % 2),
    connectedMs: late + 300 + (index % 900),
    ringingMs: index % 17 === 0 ? null : late + 500 + (index % 1_100),
    then: thenOf(index, late),
  };
}

/** Users who never hang up, and phones that ring until somebody stops them, are ended by us or never. */
function thenOf(index: number, late: number): DialScript['then'] {
  const ms = late + 1_000 + ((index * 53) % 40_000);
  if (index % 6 === 0) return { type: 'rejects', ms };
  if (index % 11 === 0) return { type: 'rings_out', ms: 10 * 60_000 };
  return { type: 'picks_up', ms, talksMs: index % 3 === 0 ? 5_000 + ((index * 91) % 60_000) : null };
}

/** First agents that hang, refuse, or are lost in conversation; seconds that are not better. */
function agentsOf(index: number): AgentScript[] {
  const readyMs = 10 + (index % 900);
  const first: AgentScript = {
    readyMs: index % 11 === 0 ? null : readyMs,
    ...(index % 9 === 0 && { refuses: 'at_capacity' }),
    ...(index % 5 === 0 && { lostAfterMs: (index * 31) % 20_000 }),
  };
  const second: AgentScript = {
    readyMs: index % 22 === 0 ? null : readyMs,
    ...(index % 10 === 0 && { lostAfterMs: 9_000 }),
  };
  return [first, second, { readyMs }];
}

/** From before pre_accept is answered to a minute into the call, milliseconds. */
function hangUpAfter(index: number): number {
  return (index * 7_919) % 60_000;
}

async function connect(world: World, callId: string): Promise<void> {
  await world.runtime.handle(connectEvent(callId, world.clock.now()));
}

async function terminate(world: World, callId: string, durationSeconds: number | null): Promise<void> {
  await world.runtime.handle(terminateEvent(callId, world.clock.now(), durationSeconds));
}

/** False if no agent of ours has the call. */
function hangUpByAgent(world: World, callId: string): boolean {
  const record = world.log.byCallId(callId);
  return record !== undefined && world.runtime.control.hangUpForAgent(record.identity.id, true, null);
}

function hangUpByApi(world: World, callId: string): void {
  const record = world.log.byCallId(callId);
  if (record !== undefined) world.runtime.hangUp(record.identity.id);
}
