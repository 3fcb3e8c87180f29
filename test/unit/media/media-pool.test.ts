import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DoorReport } from '../../../src/agents/index.ts';
import type { CallIdentity, MediaEffect } from '../../../src/call/index.ts';
import { MediaPool, type MediaPoolOptions, type PoolReport } from '../../../src/media/media-pool.ts';
import { openAnsweringLeg } from '../../../src/webrtc/index.ts';
import { agentTarget, identity } from '../../support/call.ts';
import { LegLog, loopback } from '../../support/leg-pair.ts';
import { MediaThreads } from '../../support/media-threads.ts';
import { offerSdp } from '../../support/offer-sdp.ts';
import { liveTimers, openThings, timersAtRest } from '../../support/open-things.ts';
import { RawAgent } from '../../support/raw-agent.ts';
import { rawTarget } from '../../support/raw-calls.ts';

const OPEN: MediaEffect = {
  type: 'media.open',
  offer: offerSdp(),
  firstMediaTimeoutMs: 20_000,
  mediaGapTimeoutMs: 30_000,
};
const OFFER: MediaEffect = {
  type: 'media.offer',
  firstMediaTimeoutMs: 20_000,
  mediaGapTimeoutMs: 30_000,
  hearEarly: false,
};
const ENDED = { class: 'completed', reason: 'user_hangup', endedBy: 'user', detail: null } as const;
const CLOSE: MediaEffect = { type: 'media.close', ending: ENDED };

/** What a pool reported, and a way to wait for it. */
class PoolLog {
  readonly reports: PoolReport[] = [];
  readonly #waiting: (() => void)[] = [];

  readonly take = (report: PoolReport): void => {
    this.reports.push(report);
    for (const wake of this.#waiting.splice(0)) wake();
  };

  inputs(key: string): string[] {
    return this.reports.filter((each) => each.type === 'input' && each.key === key).map(nameOf);
  }

  async until(key: string, input: string): Promise<void> {
    while (!this.inputs(key).includes(input)) {
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }
}

function nameOf(report: PoolReport): string {
  if (report.type !== 'input') return report.type;
  const { input } = report;
  return input.type === 'media.failed' ? `media.failed ${input.code}` : input.type;
}

function call(id: string): CallIdentity {
  return identity({ id });
}

function openPool(
  threads: number,
  onLog: (message: string) => void = () => {},
  more: Pick<MediaPoolOptions, 'onDoor'> = {},
): { pool: MediaPool; log: PoolLog } {
  const pool = new MediaPool({
    threads,
    network: loopback(),
    promptsFolder: tmpdir(),
    allowLinkLocalAgents: false,
    ...more,
    onLog: ({ message }) => onLog(message),
  });
  const log = new PoolLog();
  pool.onReport(log.take);
  return { pool, log };
}

describe('A pool of media threads', () => {
  let threads: MediaThreads;
  let pool: MediaPool;
  let log: PoolLog;
  const logged: string[] = [];

  beforeEach(() => {
    logged.length = 0;
    threads = new MediaThreads();
  });
  afterEach(async () => {
    threads.close();
    await pool.close();
  });

  it('opens and closes a call in a thread, and says nothing of it afterwards', async () => {
    ({ pool, log } = openPool(1));
    pool.perform(call('a'), OPEN);
    await log.until('a', 'media.opened');
    pool.perform(call('a'), CLOSE);
    await log.until('a', 'media.closed');
    pool.perform(call('a'), { type: 'media.ungate' });
    expect(log.inputs('a')).toEqual(['media.opened', 'media.closed']);
  });

  it('opens the leg of a dial in a thread, and gives it its answer', async () => {
    ({ pool, log } = openPool(1));
    pool.perform(call('a'), OFFER);
    await log.until('a', 'media.opened');
    const offer = log.reports.flatMap((each) =>
      each.type === 'input' && each.input.type === 'media.opened' ? [each.input.sdp] : [],
    )[0];
    const phone = new LegLog();
    const leg = await openAnsweringLeg(offer ?? '', loopback(), phone, { role: 'meta' });
    pool.perform(call('a'), { type: 'media.answer', sdp: leg.localSdp });
    await log.until('a', 'media.connected');
    pool.perform(call('a'), { type: 'media.ungate' });
    await phone.until(({ audio }) => audio.length > 2);
    pool.perform(call('a'), CLOSE);
    await log.until('a', 'media.closed');
    await leg.close();
  });

  it('ends the calls of a thread that died, and no others, and takes new ones in a new thread', async () => {
    ({ pool, log } = openPool(2, (message) => logged.push(message)));
    // The thread with the fewest calls gets the next one, so these two live apart.
    pool.perform(call('first'), OPEN);
    pool.perform(call('second'), OPEN);
    await Promise.all([log.until('first', 'media.opened'), log.until('second', 'media.opened')]);
    await threads.kill();
    expect(log.inputs('second')).toEqual(['media.opened', 'media.failed thread_died', 'media.closed']);
    expect(log.inputs('first')).toEqual(['media.opened']);
    expect(logged).toContain('a media thread died and is replaced');
    pool.perform(call('third'), OPEN);
    await log.until('third', 'media.opened');
    pool.perform(call('first'), CLOSE);
    await log.until('first', 'media.closed');
    expect(log.inputs('first')).toEqual(['media.opened', 'media.closed']);
  });

  it('ends a call that comes while no thread is there, but not from within its own effect', async () => {
    ({ pool, log } = openPool(1));
    await threads.killAndLeave();
    pool.perform(call('a'), OPEN);
    expect(log.inputs('a')).toEqual([]);
    await log.until('a', 'media.closed');
    expect(log.inputs('a')).toEqual(['media.failed thread_died', 'media.closed']);
  });

  it('leaves no thread, socket or timer when it is closed, and closes what was open', async () => {
    const before = openThings().udpSockets;
    await timersAtRest();
    const timers = liveTimers();
    ({ pool, log } = openPool(2));
    pool.perform(call('a'), OPEN);
    pool.perform(call('b'), OPEN);
    await Promise.all([log.until('a', 'media.opened'), log.until('b', 'media.opened')]);
    expect(openThings().udpSockets).toBe(before + 2);
    await Promise.all([pool.close(), pool.close()]);
    expect(log.inputs('a')).toEqual(['media.opened', 'media.closed']);
    expect(log.inputs('b')).toEqual(['media.opened', 'media.closed']);
    expect(openThings().udpSockets).toBe(before);
    expect(threads.running).toBe(0);
    expect(liveTimers()).toBeLessThanOrEqual(timers);
  });

  it('takes no call while it closes', async () => {
    ({ pool, log } = openPool(1));
    pool.perform(call('a'), OPEN);
    await log.until('a', 'media.opened');
    const closing = pool.close();
    pool.perform(call('b'), OPEN);
    await Promise.resolve();
    expect(log.inputs('b')).toEqual(['media.failed thread_died', 'media.closed']);
    await closing;
  });

  it('closes although a thread fails on its way out', async () => {
    ({ pool, log } = openPool(1, (message) => logged.push(message)));
    pool.perform(call('a'), OPEN);
    await log.until('a', 'media.opened');
    const closing = pool.close();
    threads.fail();
    await closing;
    expect(logged).toEqual(['a media thread failed']);
    expect(threads.running).toBe(0);
  });

  it('carries a word from outside to the agent of a call, and what the agent says into the timeline, by its name', async () => {
    const agent = await RawAgent.start();
    ({ pool, log } = openPool(1));
    pool.perform(call('a'), OPEN);
    const target = rawTarget(agent.url, { name: 'Echo' });
    pool.perform(call('a'), { type: 'agent.connect', seat: 2, agent: target, reconnectAttempts: 0, last: true });
    await log.until('a', 'agent.ready');
    expect(log.reports).toContainEqual(
      expect.objectContaining({ input: expect.objectContaining({ type: 'agent.ready', seat: 2 }) }),
    );
    const connection = await agent.connection();
    pool.instruct('a', { type: 'message', data: { from: 'outside' } });
    pool.instruct('nobody', { type: 'message', data: 1 });
    expect(await connection.hear('message')).toMatchObject({ data: { from: 'outside' } });
    connection.say({ type: 'transcript', party: 'user', text: 'hell', final: false });
    connection.say({ type: 'transcript', party: 'user', text: 'hello', final: true });
    connection.say({ type: 'message', data: 7 });
    connection.say({ type: 'hangup' });
    await log.until('a', 'agent.hangup');
    expect(log.reports.flatMap((report) => (report.type === 'note' ? [report.event] : []))).toMatchObject([
      { type: 'transcript', data: { agent: 'Echo', party: 'user', text: 'hello' } },
      { type: 'agent_message', data: { agent: 'Echo', data: '7' } },
    ]);
    await agent.stop();
  });

  it('carries what the door of a thread says, and its answer', async () => {
    const said = Promise.withResolvers<[number, DoorReport]>();
    ({ pool, log } = openPool(2, () => {}, { onDoor: (thread, message) => said.resolve([thread, message]) }));
    await pool.ready();
    pool.perform(call('a'), OPEN);
    const agent = agentTarget({ entry: { kind: 'wait', token: 'token' } });
    pool.perform(call('a'), { type: 'agent.connect', seat: 0, agent, reconnectAttempts: 0, last: true });
    const [thread, message] = await said.promise;
    expect(message).toMatchObject({ type: 'invite', key: 'a', agentId: agent.id });
    pool.tellDoor(thread, { type: 'absent', token: message.token });
    await log.until('a', 'agent.failed');
    expect(log.reports).toContainEqual(
      expect.objectContaining({ input: expect.objectContaining({ type: 'agent.failed', code: 'not_connected' }) }),
    );
  });

  it('loses no last report of a call that is closing when the pool is', async () => {
    ({ pool, log } = openPool(1));
    pool.perform(call('a'), OPEN);
    await log.until('a', 'media.opened');
    pool.perform(call('a'), CLOSE);
    await pool.close();
    expect(log.inputs('a')).toEqual(['media.opened', 'media.closed']);
  });

  it('leaves no timer when it is closed while a dead thread waits for its successor', async () => {
    await timersAtRest();
    const timers = liveTimers();
    ({ pool, log } = openPool(1));
    await threads.killAndLeave();
    await pool.close();
    expect(liveTimers()).toBeLessThanOrEqual(timers);
    pool.perform(call('a'), OPEN);
    await log.until('a', 'media.closed');
    expect(threads.running).toBe(0);
  });
});
