import { describe, expect, it } from 'vitest';
import type { AgentChoice } from '../../src/call/index.ts';
import { chainPolicy, policy, promptPolicy, TAKEOVERS } from '../support/call.ts';
import { connectEvent } from '../support/call-event.ts';
import { type AgentScript, SMOOTH, World } from '../support/world.ts';

const CALL = 'wacid.1';
const GOOD: AgentScript = { readyMs: 60 };

/** Of one agent, which takes the call, and of one in the seat that a transfer gives it. */
function worldOf(rules = policy(), agents: readonly AgentScript[] = [GOOD]): World {
  return new World(rules, () => ({ ...SMOOTH, agents }));
}

/** A world in which a call has been answered, or has come to where it stands after `ms`. */
async function answered(rules = policy(), agents?: readonly AgentScript[], ms = 2_000): Promise<World> {
  const world = worldOf(rules, agents);
  await world.runtime.handle(connectEvent(CALL, world.clock.now()));
  await world.clock.advance(ms);
  return world;
}

const recordOf = (world: World) => world.log.byCallId(CALL)!;
const keyOf = (world: World) => recordOf(world).identity.id;
const timelineOf = (world: World) => recordOf(world).events.map(({ type }) => type);
const order = (id = 'p') => ({ id, prompt: 'notice.ogg', interrupt: false });
const announce = (world: World, id?: string) => world.runtime.control.announce(keyOf(world), order(id));
const tell = (world: World) => world.runtime.control.tell(keyOf(world), { tables: 3 });

/** The outcome, once `ms` have gone by. */
async function transfer(world: World, ms: number, agents: readonly AgentChoice[] = TAKEOVERS) {
  const outcome = world.runtime.control.transfer(keyOf(world), agents);
  await world.clock.advance(ms);
  return outcome;
}

describe('a prompt over the agent', () => {
  it('is played, one after the other, four at most', async () => {
    const world = await answered();
    expect(['a', 'b', 'c', 'd', 'e'].map((id) => announce(world, id))).toEqual([
      null,
      null,
      null,
      null,
      'too_many_prompts',
    ]);
    await world.clock.advance(1_500);
    expect(announce(world, 'f')).toBeNull();
    await world.clock.advance(5_000);
    expect(timelineOf(world).filter((type) => type === 'prompt_done')).toHaveLength(5);
    expect(world.runtime.isLive(CALL)).toBe(true);
  });
});

describe('a message', () => {
  it('goes to the agent that has the call, also while the phone rings, and is in the timeline without its words', async () => {
    const world = await answered(policy(), [GOOD], 100);
    expect(tell(world)).toBeNull();
    expect(world.media.instructions).toEqual([[keyOf(world), { type: 'message', data: { tables: 3 } }]]);
    await world.clock.advance(2_000);
    expect(recordOf(world).events).toContainEqual(
      expect.objectContaining({ type: 'message_sent', data: { agent: 'Echo' } }),
    );
  });

  it('is refused while the agent is sought', async () => {
    expect(tell(await answered(policy(), [{ readyMs: 4_000 }], 100))).toBe('agent_not_ready');
  });
});

describe('a transfer', () => {
  it('is told when the new agent has the call, whose name the record has by then', async () => {
    const world = await answered();
    expect(await transfer(world, 100)).toEqual({ type: 'transferred' });
    expect(recordOf(world).patch.agent).toEqual({ id: 'takeover', name: 'Takeover' });
    expect(world.media.open.get(keyOf(world))?.effects.slice(-2)).toEqual(['agent.prepare', 'agent.switch']);
    expect(world.runtime.liveCall(keyOf(world))).toMatchObject({ agent: { id: 'takeover' } });
  });

  it('is told when the new agent cannot be had; the call goes on with the old one', async () => {
    const world = await answered(policy(), [GOOD, { readyMs: 50, refuses: 'at_capacity' }]);
    expect(await transfer(world, 100)).toEqual({ type: 'failed', code: 'at_capacity' });
    expect(recordOf(world).patch.agent).toEqual({ id: 'agent-1', name: 'Echo' });
    expect(timelineOf(world)).toContain('transfer_failed');
    expect(world.runtime.liveCall(keyOf(world))).toMatchObject({ agent: { id: 'agent-1' } });
  });

  it('is given up when the new agent is not ready in its time', async () => {
    const world = await answered(policy(), [GOOD, { readyMs: null }]);
    expect(await transfer(world, 5_100)).toEqual({ type: 'failed', code: 'not_ready' });
    expect(world.media.open.get(keyOf(world))?.effects.at(-1)).toBe('agent.drop');
  });

  it('is told when the call ends meanwhile', async () => {
    const world = await answered(policy(), [GOOD, { readyMs: null }]);
    const outcome = world.runtime.control.transfer(keyOf(world), TAKEOVERS);
    world.runtime.hangUp(keyOf(world));
    await world.clock.advance(1_000);
    expect(await outcome).toEqual({ type: 'failed', code: 'call_over' });
  });

  it('is one at a time, and not to the agent that has the call', async () => {
    const world = await answered(policy(), [GOOD, { readyMs: 500 }]);
    const first = world.runtime.control.transfer(keyOf(world), TAKEOVERS);
    expect(await transfer(world, 0)).toBe('transfer_under_way');
    await world.clock.advance(1_000);
    await first;
    expect(await transfer(world, 0)).toBe('agent_has_it');
  });

  it('survives the loss of the new agent by what stands behind it', async () => {
    const world = await answered(policy(), [GOOD, { readyMs: 50, lostAfterMs: 3_000 }]);
    await transfer(world, 100);
    await world.clock.advance(5_000);
    expect(recordOf(world).patch.agent).toEqual({ id: 'behind', name: 'Behind' });
  });
});

describe('a call that nobody can be asked to do anything with', () => {
  const cases = {
    'that rings': { rules: policy(), agents: [{ readyMs: 4_000 }], ms: 500, why: 'not_answered' },
    'that a runtime has': { rules: chainPolicy(['runtime']), agents: [GOOD], ms: 2_000, why: 'elsewhere' },
    'that a prompt answers': { rules: promptPolicy({ agents: [] }), agents: [], ms: 2_000, why: 'no_agent' },
  } as const;

  it.each(Object.entries(cases))('%s', async (_, { rules, agents, ms, why }) => {
    const world = await answered(rules, agents, ms);
    expect(announce(world)).toBe(why);
    expect(await transfer(world, 0)).toBe(why);
  });

  it('that is ending', async () => {
    const world = await answered();
    world.runtime.hangUp(keyOf(world));
    expect(announce(world)).toBe('over');
    expect(tell(world)).toBe('over');
    expect(await transfer(world, 0)).toBe('over');
  });

  it('whose agent says its last words', async () => {
    const world = await answered();
    world.runtime.control.hangUpForAgent(keyOf(world), true, null);
    expect(announce(world)).toBe('no_agent');
    expect(tell(world)).toBe('agent_not_ready');
    expect(await transfer(world, 0)).toBe('no_agent');
  });

  it('that nobody knows', async () => {
    const { control } = worldOf().runtime;
    expect(control.announce('nobody', order())).toBe('over');
    expect(control.tell('nobody', 1)).toBe('over');
    expect(await control.transfer('nobody', TAKEOVERS)).toBe('over');
  });
});
