import { describe, expect, it } from 'vitest';
import type { GraphResult } from '../../../src/call/index.ts';
import { DebtCollector } from '../../../src/runtime/index.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { MemoryDebts } from '../../support/world.ts';

const HOUR_MS = 60 * 60_000;

describe('What is owed to Graph', () => {
  it('is paid at the start and forgotten once Graph agreed', async () => {
    const { clock, debts, acts } = await collect(() => ({ type: 'graph.ok', action: 'terminate', tookMs: 5 }));
    expect(acts).toEqual(['wacid.1']);
    expect(debts.rows.size).toBe(0);
    await clock.advance(HOUR_MS);
    expect(acts).toEqual(['wacid.1']);
  });

  it.each(['refused', 'gone'] as const)('is forgotten when Graph says %s', async (kind) => {
    const { debts } = await collect(() => failed(kind));
    expect(debts.rows.size).toBe(0);
  });

  it('is tried again while Graph does not answer, and given up after an hour', async () => {
    const { clock, debts, acts } = await collect(() => failed('unknown'));
    await clock.advance(60_000);
    expect(acts.length).toBeGreaterThanOrEqual(4);
    expect(debts.rows.size).toBe(1);
    await clock.advance(HOUR_MS);
    expect(debts.rows.size).toBe(0);
  });

  it('is left to the call while the call is live here', async () => {
    const { debts, acts } = await collect(
      () => failed('unknown'),
      () => true,
    );
    expect(acts).toEqual([]);
    expect(debts.rows.size).toBe(1);
  });

  it('is paid without waiting for the next round when somebody says that it is owed', async () => {
    const { clock, debts, acts, collector } = await collect(() => failed('gone'));
    await debts.owe({ phoneNumberId: '1', callId: 'wacid.2', action: 'terminate', since: clock.now() });
    collector.wake();
    await clock.advance(1);
    expect(acts).toEqual(['wacid.1', 'wacid.2']);
  });

  it('is paid too when it is owed while a round is under way', async () => {
    const slow = Promise.withResolvers<GraphResult>();
    const { clock, debts, acts, collector } = await collect(() => slow.promise);
    await debts.owe({ phoneNumberId: '1', callId: 'wacid.2', action: 'terminate', since: clock.now() });
    collector.wake();
    slow.resolve(failed('gone'));
    await clock.advance(1);
    expect(acts).toEqual(['wacid.1', 'wacid.2']);
  });

  it('is left to the next start once it stopped', async () => {
    const { clock, acts, collector } = await collect(() => failed('unknown'));
    await collector.stop();
    collector.wake();
    await clock.advance(60_000);
    expect(acts).toEqual(['wacid.1']);
    expect(clock.pending).toBe(0);
  });

  it('leaves no timer behind when it stops', async () => {
    const { clock, collector } = await collect(() => failed('unknown'));
    await collector.stop();
    expect(clock.pending).toBe(0);
  });
});

function failed(kind: 'refused' | 'gone' | 'unknown'): GraphResult {
  return { type: 'graph.failed', action: 'terminate', error: { code: null, httpStatus: null, kind, message: kind } };
}

async function collect(
  answer: () => GraphResult | Promise<GraphResult>,
  isLive: (callId: string) => boolean = () => false,
) {
  const clock = new VirtualClock();
  const debts = new MemoryDebts();
  const acts: string[] = [];
  await debts.owe({ phoneNumberId: '1', callId: 'wacid.1', action: 'terminate', since: clock.now() });
  const collector = new DebtCollector({
    clock,
    debts,
    isLive,
    graph: {
      act: async ({ callId }) => {
        acts.push(callId);
        return answer();
      },
      connect: () => Promise.reject(new Error('a collector places no calls')),
    },
    onFault: (fault) => {
      throw fault;
    },
  });
  collector.start();
  await clock.advance(1);
  return { clock, debts, acts, collector };
}
