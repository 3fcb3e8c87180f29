import { describe, expect, it } from 'vitest';
import { AgentDesk } from '../../../src/agents/health/agent-desk.ts';
import type { AgentInput, MediaEffect, MediaInput, RuntimeAgent } from '../../../src/call/index.ts';
import { agentTarget, identity } from '../../support/call.ts';

interface Report {
  readonly type: 'input';
  readonly key: string;
  readonly at: number;
  readonly input: MediaInput | AgentInput;
}

/** A desk before media that only remembers, under a clock that is moved by hand. */
class Scene {
  now = 1_000_000;
  readonly performed: string[] = [];
  readonly reports: Report[] = [];
  #report: (report: Report) => void = () => {};
  readonly desk = new AgentDesk<Report>(
    {
      perform: ({ id }, effect) => this.performed.push(`${id} ${effect.type}`),
      onReport: (listener) => {
        this.#report = listener;
      },
    },
    () => this.now,
  );

  constructor() {
    this.desk.onReport((report) => this.reports.push(report));
  }

  /** Resolves to the code that the agent was refused with; null if it was dialled. */
  async connect(key: string, agent = agentTarget(), seat = 0, last = false): Promise<string | null> {
    const before = this.reports.length;
    this.do(key, { type: 'agent.connect', seat, agent, reconnectAttempts: 0, last });
    await Promise.resolve();
    const input = this.reports.slice(before)[0]?.input;
    return input?.type === 'agent.failed' ? input.code : null;
  }

  do(key: string, effect: MediaEffect): void {
    this.desk.perform(identity({ id: key }), effect);
  }

  hear(key: string, input: MediaInput | AgentInput): void {
    this.#report({ type: 'input', key, at: this.now, input });
  }

  ready(key: string, seat = 0): void {
    this.hear(key, { type: 'agent.ready', seat, connectMs: 5 });
  }

  async fail(key: string): Promise<void> {
    await this.connect(key);
    this.hear(key, { type: 'agent.failed', seat: 0, code: 'connect_refused', detail: '' });
  }
}

const ending = { class: 'completed', reason: 'user_hangup', endedBy: 'user', detail: null } as const;
const LIMITED = agentTarget({ maxConcurrentCalls: 1 });

describe('the limit of an agent', () => {
  it('refuses the call over it, tells nobody else, and lets the next in when one ends', async () => {
    const scene = new Scene();
    expect(await scene.connect('a', LIMITED)).toBeNull();
    expect(await scene.connect('b', LIMITED)).toBe('at_capacity');
    expect(scene.performed).toEqual(['a agent.connect']);
    scene.do('a', { type: 'media.close', ending });
    expect(await scene.connect('c', LIMITED)).toBeNull();
  });

  it('counts a call once that is connected again, and not one that went to another agent', async () => {
    const scene = new Scene();
    await scene.connect('a', LIMITED);
    expect(await scene.connect('a', LIMITED)).toBeNull();
    await scene.connect('a', agentTarget({ id: 'other' }), 1);
    expect(await scene.connect('b', LIMITED)).toBeNull();
  });

  it.each<[string, MediaInput | AgentInput]>([
    ['the agent failed', { type: 'agent.failed', seat: 0, code: 'socket_lost', detail: '' }],
    ['its media closed', { type: 'media.closed', quality: null }],
  ])('is free again when %s', async (_, input) => {
    const scene = new Scene();
    await scene.connect('a', LIMITED);
    scene.hear('a', input);
    expect(await scene.connect('b', LIMITED)).toBeNull();
  });

  it('refuses with the seat that was asked for, after the step that asked', () => {
    const scene = new Scene();
    void scene.connect('a', LIMITED);
    void scene.connect('b', LIMITED, 2);
    expect(scene.reports).toEqual([]);
    return Promise.resolve().then(() => expect(scene.reports[0]).toMatchObject({ key: 'b', input: { seat: 2 } }));
  });
});

describe('the circuit of an agent', () => {
  it('opens after three failures in a row, tries one call after 5 s, and closes when that comes through', async () => {
    const scene = new Scene();
    for (const key of ['a', 'b', 'c']) await scene.fail(key);
    expect(await scene.connect('d')).toBe('circuit_open');
    scene.now += 5_000;
    expect(await scene.connect('e')).toBeNull();
    expect(await scene.connect('f')).toBe('circuit_open');
    scene.ready('e');
    expect(await scene.connect('g')).toBeNull();
    expect(await scene.connect('h')).toBeNull();
  });

  it('does not stand before the last agent of a chain: there is nobody else to go to', async () => {
    const scene = new Scene();
    for (const key of ['a', 'b', 'c']) await scene.fail(key);
    expect(await scene.connect('d')).toBe('circuit_open');
    expect(await scene.connect('e', agentTarget(), 0, true)).toBeNull();
  });

  it('stays open twice as long each time that a trial fails, up to a minute', async () => {
    const scene = new Scene();
    for (const key of ['a', 'b', 'c']) await scene.fail(key);
    for (const openMs of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      scene.now += openMs - 1;
      expect(await scene.connect('early')).toBe('circuit_open');
      scene.now += 1;
      await scene.fail('trial');
    }
  });

  it('stays closed while failures are not in a row', async () => {
    const scene = new Scene();
    for (let i = 0; i < 5; i += 1) {
      await scene.fail('a');
      await scene.fail('b');
      await scene.connect('c');
      scene.ready('c');
    }
    expect(await scene.connect('d')).toBeNull();
  });

  it('counts an agent that was let go before it was ready', async () => {
    const scene = new Scene();
    for (const key of ['a', 'b', 'c']) {
      await scene.connect(key);
      await scene.connect(key, agentTarget({ id: 'next' }), 1);
    }
    expect(await scene.connect('d')).toBe('circuit_open');
  });

  it('does not count a caller who was gone first, and gives the trial to the next one', async () => {
    const scene = new Scene();
    for (const key of ['a', 'b', 'c']) {
      await scene.connect(key);
      scene.do(key, { type: 'media.close', ending });
    }
    for (const key of ['a', 'b', 'c']) await scene.fail(key);
    scene.now += 5_000;
    await scene.connect('gone');
    scene.do('gone', { type: 'media.close', ending });
    expect(await scene.connect('next')).toBeNull();
  });

  it('opens by probes and by losses in calls, and an agent that says it is well closes it', async () => {
    const scene = new Scene();
    scene.desk.probed('agent-1', 'unreachable');
    scene.desk.probed('agent-1', 'unreachable');
    await scene.connect('a');
    scene.hear('a', { type: 'agent.reconnecting', seat: 0, attempt: 1, code: 'socket_lost' });
    expect(await scene.connect('b')).toBe('circuit_open');
    scene.desk.probed('agent-1', 'well');
    expect(await scene.connect('c')).toBeNull();
  });

  it('lets one call try when the port opens again', async () => {
    const scene = new Scene();
    for (const key of ['a', 'b', 'c']) await scene.fail(key);
    scene.desk.probed('agent-1', 'reachable');
    expect(await scene.connect('d')).toBeNull();
    expect(await scene.connect('e')).toBe('circuit_open');
  });

  it('ignores what an agent says that the call has no more', async () => {
    const scene = new Scene();
    await scene.connect('a');
    const next = agentTarget({ id: 'next', maxConcurrentCalls: 1 });
    await scene.connect('a', next, 1);
    scene.hear('a', { type: 'agent.failed', seat: 0, code: 'socket_lost', detail: '' });
    expect(await scene.connect('b', next)).toBe('at_capacity');
  });
});

describe('a runtime', () => {
  const RUNTIME: RuntimeAgent = {
    id: 'runtime',
    name: 'Runtime',
    wire: 'runtime',
    url: 'https://runtime.test/start',
    key: null,
    connectTimeoutMs: 5_000,
    speakWithinMs: null,
    maxConcurrentCalls: 1,
    parameters: {},
  };
  const LAUNCH = { type: 'agent.launch', seat: 0, agent: RUNTIME, timeoutMs: 5_000, last: false } as const;
  const works = { launch: async () => ({ type: 'launched', tookMs: 5 }) as const };
  const breaks = { launch: async () => ({ type: 'failed', code: 'connect_refused', detail: '' }) as const };

  it('is counted until its call is over', async () => {
    const { desk } = new Scene();
    expect(await desk.launch(works, identity({ id: 'a' }), LAUNCH, {})).toMatchObject({ type: 'launched' });
    expect(await desk.launch(works, identity({ id: 'b' }), LAUNCH, {})).toMatchObject({ code: 'at_capacity' });
    desk.release('a');
    expect(await desk.launch(works, identity({ id: 'c' }), LAUNCH, {})).toMatchObject({ type: 'launched' });
  });

  it('has a circuit as others have', async () => {
    const { desk } = new Scene();
    for (const id of ['a', 'b', 'c']) await desk.launch(breaks, identity({ id }), LAUNCH, {});
    expect(await desk.launch(works, identity({ id: 'd' }), LAUNCH, {})).toMatchObject({ code: 'circuit_open' });
  });

  it('that answers when the call is with another one already has nothing of it any more', async () => {
    const scene = new Scene();
    const { desk } = scene;
    const other: RuntimeAgent = { ...RUNTIME, id: 'other-runtime' };
    const isFull = async (agent: RuntimeAgent) => {
      const outcome = await desk.launch(works, identity({ id: 'probe' }), { ...LAUNCH, agent }, {});
      desk.release('probe');
      return outcome.type === 'failed' && outcome.code === 'at_capacity';
    };
    const late = Promise.withResolvers<Awaited<ReturnType<typeof breaks.launch>>>();
    const launched = desk.launch({ launch: () => late.promise }, identity({ id: 'a' }), LAUNCH, {});
    await desk.launch(works, identity({ id: 'a' }), { ...LAUNCH, seat: 1, agent: other }, {});
    expect([await isFull(RUNTIME), await isFull(other)]).toEqual([false, true]);
    late.resolve({ type: 'failed', code: 'connect_refused', detail: '' });
    await launched;
    expect([await isFull(RUNTIME), await isFull(other)]).toEqual([false, true]);
    const bridged = agentTarget({ id: 'bridged', maxConcurrentCalls: 1 });
    await scene.connect('a', bridged, 2);
    expect(await isFull(other)).toBe(false);
    expect(await scene.connect('b', bridged)).toBe('at_capacity');
  });
});

describe('an agent that is to take a call over', () => {
  const other = agentTarget({ id: 'other', maxConcurrentCalls: 1 });

  async function prepare(scene: Scene, key: string, agent = other, seat = 1): Promise<string | null> {
    const before = scene.reports.length;
    scene.do(key, { type: 'agent.prepare', seat, agent, reconnectAttempts: 0 });
    await Promise.resolve();
    const input = scene.reports.slice(before)[0]?.input;
    return input?.type === 'agent.failed' ? input.code : null;
  }

  it('is counted beside the one that has the call, which is free when it was let go', async () => {
    const scene = new Scene();
    await scene.connect('a', LIMITED);
    expect(await prepare(scene, 'a')).toBeNull();
    expect(await scene.connect('b', LIMITED)).toBe('at_capacity');
    expect(await prepare(scene, 'c')).toBe('at_capacity');
    scene.ready('a', 1);
    scene.do('a', { type: 'agent.switch', seat: 1 });
    expect(await scene.connect('d', LIMITED)).toBeNull();
    expect(await prepare(scene, 'e')).toBe('at_capacity');
    scene.do('a', { type: 'media.close', ending });
    expect(await prepare(scene, 'f')).toBeNull();
  });

  it('is refused where its circuit is open, though nobody comes after it', async () => {
    const scene = new Scene();
    for (const key of ['a', 'b', 'c']) await scene.fail(key);
    expect(await prepare(scene, 'd', agentTarget())).toBe('circuit_open');
  });

  it.each<[string, (scene: Scene) => void]>([
    ['it failed', (scene) => scene.hear('a', { type: 'agent.failed', seat: 1, code: 'unauthorized', detail: '' })],
    ['it was dropped', (scene) => scene.do('a', { type: 'agent.drop', seat: 1 })],
    ['the call ended', (scene) => scene.do('a', { type: 'media.close', ending })],
    ['the call’s media closed', (scene) => scene.hear('a', { type: 'media.closed', quality: null })],
  ])('has room again when %s', async (_, happen) => {
    const scene = new Scene();
    await scene.connect('a', LIMITED);
    scene.ready('a');
    await prepare(scene, 'a');
    happen(scene);
    expect(await prepare(scene, 'b')).toBeNull();
  });

  it('leaves the one that has the call where it is when it fails', async () => {
    const scene = new Scene();
    await scene.connect('a', LIMITED);
    await prepare(scene, 'a');
    scene.hear('a', { type: 'agent.failed', seat: 1, code: 'unauthorized', detail: '' });
    expect(await scene.connect('b', LIMITED)).toBe('at_capacity');
  });

  it('fails by its own name', async () => {
    const scene = new Scene();
    for (const key of ['a', 'b', 'c']) {
      await scene.connect(key, LIMITED);
      scene.ready(key);
      await prepare(scene, key);
      scene.do(key, { type: 'agent.drop', seat: 1 });
      scene.do(key, { type: 'media.close', ending });
    }
    expect(scene.desk.healthOf('other')).toBe('failing');
    expect(scene.desk.healthOf(LIMITED.id)).toBe('ok');
  });
});
