import { describe, expect, it } from 'vitest';
import { agentTarget, chainPolicy, choice, policy, whenLost } from '../support/call.ts';
import { connectEvent, terminateEvent } from '../support/call-event.ts';
import { type AgentScript, SMOOTH, World, type WorldOptions } from '../support/world.ts';

const CALL = 'wacid.1';
const GOOD: AgentScript = { readyMs: 60 };
const pair = chainPolicy(['raw', 'raw']);
const runtime = chainPolicy(['runtime']);

function worldOf(rules: typeof pair, agents: readonly AgentScript[], options: WorldOptions = {}): World {
  return new World(rules, () => ({ ...SMOOTH, agents }), options);
}

const connect = (world: World, callId = CALL) => world.runtime.handle(connectEvent(callId, world.clock.now()));
const terminate = (world: World, durationSeconds: number | null) =>
  world.runtime.handle(terminateEvent(CALL, world.clock.now(), durationSeconds));
const recordOf = (world: World, callId = CALL) => world.log.byCallId(callId)!;
const keyOf = (world: World) => recordOf(world).identity.id;
const timelineOf = (world: World) => recordOf(world).events.map(({ type }) => type);

describe('A chain of agents', () => {
  it('is walked while it rings, and the call is answered with the first that is ready', async () => {
    const world = worldOf(pair, [{ readyMs: 40, refuses: 'circuit_open' }, GOOD]);
    await connect(world);
    await world.clock.advance(2_000);
    expect(world.graph.actionsOf(CALL)).toEqual(['pre_accept', 'accept']);
    expect(recordOf(world).patch.agent).toEqual({ id: 'agent-2', name: 'Agent 2' });
    expect(timelineOf(world).filter((type) => type.startsWith('agent_'))).toEqual([
      'agent_connecting',
      'agent_failed',
      'agent_connecting',
      'agent_ready',
      'agent_started',
    ]);
  });

  it('is begun in the record with its first', async () => {
    const world = worldOf(pair, [GOOD, GOOD]);
    await connect(world);
    expect(recordOf(world).patch.agent).toEqual({ id: 'agent-1', name: 'Agent 1' });
  });

  it('is answered in time behind an agent that hangs', async () => {
    const world = worldOf(pair, [{ readyMs: null }, GOOD]);
    await connect(world);
    await world.clock.advance(6_000);
    expect(world.graph.actionsOf(CALL)).toEqual(['pre_accept', 'accept']);
    expect(recordOf(world).events.find(({ type }) => type === 'agent_failed')?.data).toMatchObject({
      code: 'not_ready',
    });
  });

  it('carries a call on whose agent is lost in the middle', async () => {
    const world = worldOf(pair, [{ ...GOOD, lostAfterMs: 9_000 }, GOOD]);
    await connect(world);
    await world.clock.advance(30_000);
    expect(world.media.open.get(keyOf(world))?.effects).toEqual([
      'media.open',
      'agent.connect',
      'media.ungate',
      'agent.start',
      'agent.connect',
    ]);
    expect(recordOf(world).patch.agent).toEqual({ id: 'agent-2', name: 'Agent 2' });
    await terminate(world, 30);
    await world.clock.advance(1_000);
    expect(recordOf(world).patch.ending).toMatchObject({ class: 'completed', reason: 'user_hangup' });
  });

  it('drops the call when its last agent is lost, after the prompt of its assignment', async () => {
    const last = choice(agentTarget(), whenLost({ action: 'prompt', prompt: 'bye.ogg' }));
    const world = worldOf(policy({ agents: [choice(), last] }), [
      { ...GOOD, lostAfterMs: 9_000 },
      { ...GOOD, lostAfterMs: 2_000 },
    ]);
    await connect(world);
    await world.clock.advance(30_000);
    expect(timelineOf(world)).toContain('prompt_done');
    expect(recordOf(world).patch.ending).toMatchObject({
      class: 'dropped',
      reason: 'agent_lost',
      detail: 'socket_lost',
    });
    expect(world.graph.actionsOf(CALL)).toEqual(['pre_accept', 'accept', 'terminate']);
    expect(world.clock.pending).toBe(0);
  });
});

describe('A runtime', () => {
  it('is given the webhook, and nothing of ours touches the call', async () => {
    const world = worldOf(runtime, [GOOD]);
    await connect(world);
    await world.clock.advance(10_000);
    expect(world.launcher.launches).toEqual([{ callId: CALL, agentId: 'agent-1', webhook: { of: CALL } }]);
    expect(world.media.open.size).toBe(0);
    expect(world.graph.requests).toEqual([]);
    expect(recordOf(world).patch).toMatchObject({ launched: true, agent: { id: 'agent-1' } });

    await terminate(world, 8);
    await world.clock.advance(0);
    expect(recordOf(world).patch).toMatchObject({
      durationSeconds: 8,
      ending: { class: 'completed', reason: 'hangup' },
    });
    expect(world.runtime.liveCalls).toBe(0);
    expect(world.clock.pending).toBe(0);
  });

  it('that does not take the call gives way to an agent of ours', async () => {
    const world = worldOf(chainPolicy(['runtime', 'raw']), [{ readyMs: 90, refuses: 'connect_refused' }, GOOD]);
    await connect(world);
    await world.clock.advance(2_000);
    expect(world.graph.actionsOf(CALL)).toEqual(['pre_accept', 'accept']);
    expect(recordOf(world).patch).toMatchObject({ status: 'answered', agent: { id: 'agent-2' } });
    expect(recordOf(world).patch.launched).toBeUndefined();
  });

  it('whose launch port throws gives way as well', async () => {
    const launcher = { launch: () => Promise.reject(new Error('no socket')) };
    const world = worldOf(runtime, [GOOD], { ports: { launcher } });
    await connect(world);
    await world.clock.advance(1_000);
    expect(recordOf(world).patch.ending).toMatchObject({ reason: 'agent_unavailable', detail: 'agent_error' });
    expect(world.faults).toHaveLength(1);
  });

  it('keeps its call through a stop of the service, which does not wait for it; the next start takes it back', async () => {
    const before = worldOf(runtime, [GOOD]);
    await connect(before);
    await before.clock.advance(1_000);
    await before.runtime.drain(60_000);
    expect(before.clock.pending).toBe(0);
    expect(recordOf(before).patch.ending).toBeUndefined();
    expect(before.graph.requests).toEqual([]);

    const after = worldOf(runtime, [GOOD], { log: before.log });
    expect(await after.runtime.recover()).toBe(0);
    expect(after.runtime.isLive(CALL)).toBe(true);
    await after.clock.advance(20_000);
    await terminate(after, 25);
    await after.clock.advance(0);
    expect(recordOf(after).patch).toMatchObject({
      durationSeconds: 25,
      ending: { class: 'completed', reason: 'hangup' },
    });
    expect(after.graph.requests).toEqual([]);
    expect(after.runtime.liveCalls).toBe(0);
  });

  it('that is asked while the service stops is waited for until it took the call', async () => {
    const world = worldOf(runtime, [{ readyMs: 2_000 }]);
    await connect(world);
    let drained = false;
    const drain = world.runtime.drain(60_000).then(() => {
      drained = true;
    });
    await world.clock.advance(1_000);
    expect(drained).toBe(false);
    await world.clock.advance(1_000);
    await drain;
    expect(recordOf(world).patch.launched).toBe(true);
  });

  it('whose call ends between the two stops of a service still has its end written', async () => {
    const world = worldOf(runtime, [GOOD]);
    await connect(world);
    await world.clock.advance(1_000);
    await world.runtime.drain(0);
    await terminate(world, 3);
    await world.runtime.drain(0);
    expect(recordOf(world).patch.ending).toMatchObject({ reason: 'hangup' });
  });

  it('is not asked to hang up; the API’s word goes to Graph', async () => {
    const world = worldOf(runtime, [GOOD]);
    await connect(world);
    await world.clock.advance(1_000);
    expect(world.runtime.control.hangUpForAgent(keyOf(world), false, null)).toBe(false);
    expect(world.runtime.control.instruct(keyOf(world), { type: 'message', data: 1 })).toBe(false);
    expect(world.runtime.liveCall(keyOf(world))).toMatchObject({ agent: { id: 'agent-1' }, answeredAt: null });
    expect(world.runtime.hangUp(keyOf(world))).toBe(true);
    await world.clock.advance(1_000);
    expect(world.graph.actionsOf(CALL)).toEqual(['terminate']);
    expect(recordOf(world).patch.ending).toMatchObject({ reason: 'api_hangup' });
  });
});

describe('A call that a program of its agent asks for', () => {
  it('is known while it is live, by the agent that has it', async () => {
    const world = worldOf(pair, [{ ...GOOD, lostAfterMs: 5_000 }, GOOD]);
    await connect(world);
    const key = keyOf(world);
    expect(world.runtime.liveCall(key)).toMatchObject({
      identity: { callId: CALL },
      agent: { id: 'agent-1' },
      answeredAt: null,
    });
    await world.clock.advance(2_000);
    const answeredAt = world.runtime.liveCall(key)?.answeredAt;
    expect(answeredAt).toBe(recordOf(world).patch.sessionStartedAt);
    await world.clock.advance(5_000);
    expect(world.runtime.liveCall(key)).toMatchObject({ agent: { id: 'agent-2' }, answeredAt });
    world.runtime.hangUp(key);
    expect(world.runtime.liveCall(key)).toBeNull();
    await world.clock.advance(1_000);
    expect(world.runtime.liveCall(key)).toBeNull();
    expect(world.runtime.liveCall('nobody')).toBeNull();
  });

  it('is hung up as its agent, by whoever has it then', async () => {
    const world = worldOf(pair, [{ ...GOOD, lostAfterMs: 5_000 }, GOOD]);
    await connect(world);
    await world.clock.advance(8_000);
    expect(world.runtime.control.hangUpForAgent(keyOf(world), true, 'completed')).toBe(true);
    expect(world.runtime.liveCall(keyOf(world))).toMatchObject({ agent: { id: 'agent-2' } });
    await world.clock.advance(2_000);
    expect(recordOf(world).patch.ending).toEqual({
      class: 'completed',
      reason: 'agent_hangup',
      endedBy: 'agent',
      detail: 'completed',
    });
    expect(world.runtime.control.hangUpForAgent(keyOf(world), true, null)).toBe(false);
  });

  it('has its words handed to the agent, and to nobody when a prompt plays', async () => {
    const world = worldOf(pair, [GOOD, GOOD]);
    await connect(world);
    const word = { type: 'twiml', twiml: '<Response/>' } as const;
    expect(world.runtime.control.instruct(keyOf(world), word)).toBe(true);
    expect(world.media.instructions).toEqual([[keyOf(world), word]]);

    const prompting = worldOf(policy({ agents: [], onAgentUnavailable: { action: 'prompt', prompt: 'a.ogg' } }), []);
    await connect(prompting);
    expect(prompting.runtime.control.instruct(keyOf(prompting), word)).toBe(false);
    expect(prompting.runtime.liveCall(keyOf(prompting))).toMatchObject({ agent: null });
  });
});

describe('A number with rules of its own', () => {
  const two: WorldOptions['planFor'] = async ({ liveOnNumber }) => ({
    policy: pair,
    refusal: liveOnNumber >= 2 ? 'number_busy' : null,
  });

  it('refuses the call that is one too many, and takes the next when one is over', async () => {
    const world = worldOf(pair, [GOOD, GOOD], { planFor: two });
    for (const callId of [CALL, 'wacid.2', 'wacid.3']) await connect(world, callId);
    await world.clock.advance(2_000);
    expect(recordOf(world, 'wacid.3').patch.ending).toMatchObject({ class: 'rejected', reason: 'number_busy' });
    expect(world.graph.actionsOf('wacid.3')).toEqual(['reject']);
    await terminate(world, 2);
    await world.clock.advance(1_000);
    await connect(world, 'wacid.4');
    await world.clock.advance(1_000);
    expect(recordOf(world, 'wacid.4').patch.ending).toBeUndefined();
  });

  it('does not give its last place to two calls that come at the same instant', async () => {
    const world = worldOf(pair, [GOOD, GOOD], { planFor: two });
    const calls = Array.from({ length: 6 }, (_, index) => `wacid.${index}`);
    await Promise.all(calls.map((callId) => connect(world, callId)));
    await world.clock.advance(3_000);
    const busy = calls.filter((callId) => recordOf(world, callId).patch.ending?.reason === 'number_busy');
    expect(busy).toHaveLength(4);
  });

  it('counts only its own calls', async () => {
    const seen: number[] = [];
    const world = worldOf(pair, [GOOD, GOOD], {
      planFor: async ({ liveOnNumber }) => {
        seen.push(liveOnNumber);
        return { policy: pair, refusal: null };
      },
    });
    await connect(world);
    const { identity, ...event } = connectEvent('wacid.2', world.clock.now());
    await world.runtime.handle({ ...event, identity: { ...identity, phoneNumberId: 'pn-2' } });
    expect(seen).toEqual([0, 0]);
  });

  it('is only asked when the bridge itself would take the call', async () => {
    const world = worldOf(pair, [GOOD, GOOD], {
      maxCalls: 0,
      planFor: async () => ({ policy: pair, refusal: 'outside_hours' }),
    });
    await connect(world);
    await world.clock.advance(1_000);
    expect(recordOf(world).patch.ending).toMatchObject({ reason: 'at_capacity' });
  });
});
