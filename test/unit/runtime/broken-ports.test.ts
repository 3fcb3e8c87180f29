import { describe, expect, it } from 'vitest';
import type { GraphPort, MediaPort } from '../../../src/runtime/index.ts';
import { policy } from '../../support/call.ts';
import { connectEvent, terminateEvent } from '../../support/call-event.ts';
import { SMOOTH, World, type WorldOptions } from '../../support/world.ts';

const CALL = 'wacid.1';

function worldWith(ports: WorldOptions['ports'] & object): World {
  return new World(policy(), () => SMOOTH, { ports });
}

const connect = (world: World) => world.runtime.handle(connectEvent(CALL, world.clock.now()));
const typesOf = (world: World) => world.log.byCallId(CALL)?.events.map((event) => event.type);

describe('A call whose record cannot be written', () => {
  const diskFull = new Error('disk full');

  it('is forgotten, and the webhook that brought it fails, to be brought again', async () => {
    const world = new World(policy());
    world.log.beforeCreate = () => Promise.reject(diskFull);
    await expect(connect(world)).rejects.toBe(diskFull);
    await world.clock.advance(0);
    expect(world.runtime.liveCalls).toBe(0);
    expect(world.graph.requests).toEqual([]);

    world.log.beforeCreate = async () => {};
    await connect(world);
    await world.clock.advance(2_000);
    expect(world.graph.actionsOf(CALL)).toEqual(['pre_accept', 'accept']);
  });

  it('does not swallow the terminate that came meanwhile', async () => {
    const world = new World(policy());
    const write = Promise.withResolvers<void>();
    world.log.beforeCreate = () => write.promise;
    const offer = connect(world);
    await world.clock.advance(0);
    const end = world.runtime.handle(terminateEvent(CALL, world.clock.now(), null));
    write.reject(diskFull);
    await expect(offer).rejects.toBe(diskFull);
    await expect(end).rejects.toBe(diskFull);
  });

  it('does not hold up a drain', async () => {
    const world = new World(policy());
    const write = Promise.withResolvers<void>();
    world.log.beforeCreate = () => write.promise;
    const offer = connect(world);
    await world.clock.advance(0);
    const drained = world.runtime.drain(0);
    write.reject(diskFull);
    await expect(offer).rejects.toBe(diskFull);
    await world.clock.advance(0);
    await drained;
    expect(world.clock.pending).toBe(0);
  });
});

describe('A call among ports that break their promises', () => {
  it('ends when Graph throws, and the debt stays', async () => {
    const graph: GraphPort = {
      act: () => Promise.reject(new Error('no socket')),
      connect: () => Promise.reject(new Error('no socket')),
    };
    const world = worldWith({ graph });
    await connect(world);
    await world.clock.advance(20_000);
    expect(world.log.byCallId(CALL)?.patch.ending).toMatchObject({ reason: 'pre_accept_refused' });
    expect([...world.debts.rows.values()]).toMatchObject([{ callId: CALL, action: 'terminate' }]);
    expect(world.runtime.liveCalls).toBe(0);
  });

  it('goes on when an observer throws', async () => {
    const broken = () => {
      throw new Error('broken observer');
    };
    const world = worldWith({ observer: { onTimeline: broken, onUpdated: broken } });
    await connect(world);
    await world.clock.advance(5_000);
    await world.runtime.handle(terminateEvent(CALL, world.clock.now(), 4));
    await world.clock.advance(1_000);
    expect(world.graph.actionsOf(CALL)).toEqual(['pre_accept', 'accept']);
    expect(world.log.byCallId(CALL)?.patch.ending).toMatchObject({ reason: 'user_hangup' });
    expect(world.faults.length).toBeGreaterThan(0);
  });

  it('ends when media throws', async () => {
    const media: MediaPort = {
      perform: () => {
        throw new Error('no thread');
      },
      instruct: () => {},
      onReport: () => {},
      close: async () => {},
    };
    const world = worldWith({ media });
    await connect(world);
    await world.clock.advance(60_000);
    expect(world.graph.actionsOf(CALL)).toEqual(['reject']);
    expect(world.log.byCallId(CALL)?.patch.ending).toMatchObject({ reason: 'agent_unavailable' });
    expect(world.runtime.liveCalls).toBe(0);
  });

  it('takes a report that media gives while it is told to do something after what it is being told', async () => {
    const told: string[] = [];
    let report: Parameters<MediaPort['onReport']>[0] = () => {};
    const media: MediaPort = {
      perform({ id }, effect) {
        told.push(effect.type);
        if (effect.type !== 'media.open') return;
        report({
          type: 'input',
          key: id,
          at: Date.now(),
          input: { type: 'media.failed', code: 'thread_died', detail: '' },
        });
      },
      instruct: () => {},
      onReport: (listener) => {
        report = listener;
      },
      close: async () => {},
    };
    const world = worldWith({ media });
    await connect(world);
    await world.clock.advance(1_000);
    expect(told).toEqual(['media.open', 'agent.connect', 'media.close']);
    expect(world.log.byCallId(CALL)?.patch.ending).toMatchObject({ reason: 'media_thread_died' });
  });

  it('does not let an agent fill the timeline without end', async () => {
    let report: Parameters<MediaPort['onReport']>[0] = () => {};
    const media: MediaPort = {
      perform: () => {},
      instruct: () => {},
      close: async () => {},
      onReport: (listener) => {
        report = listener;
      },
    };
    const world = worldWith({ media });
    await connect(world);
    const key = world.log.byCallId(CALL)?.identity.id ?? '';
    for (let i = 0; i < 20_000; i++) {
      report({ type: 'note', key, event: { at: world.clock.now(), type: 'agent_message', data: { data: '{}' } } });
    }
    await world.clock.advance(60_000);
    const lines = typesOf(world) ?? [];
    expect(lines.filter((type) => type === 'agent_message')).toHaveLength(4_999);
    expect(lines.filter((type) => type === 'notes_cut_off')).toHaveLength(1);
    expect(lines.at(-1)).toBe('ended');
  });
});
