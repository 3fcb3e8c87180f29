import { expect, it } from 'vitest';
import { LiveReader } from '../../../../src/permissions/dialling/live-reader.ts';
import type { GraphRead } from '../../../../src/permissions/index.ts';
import { graphRefusal } from '../../../support/scripted-permission-graph.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const REPORT: GraphRead = { type: 'report', at: 1, body: {} };
const TOO_MANY = graphRefusal(429, 613);
const user = (waId: string) => ({ waId, userId: null });

/** A Graph that needs 200 ms, and says what it is told to, the last of it again and again. */
function reading(...answers: readonly GraphRead[]) {
  const clock = new VirtualClock(0);
  const begun: number[] = [];
  const graph = {
    async read(): Promise<GraphRead> {
      begun.push(clock.now());
      await clock.wait(200);
      return answers[Math.min(begun.length, answers.length) - 1] ?? REPORT;
    },
  };
  return { clock, begun, reader: new LiveReader({ graph, clock }) };
}

it('reads at most five times in any second, and lets the others wait for their place', async () => {
  const { clock, begun, reader } = reading();
  const reads = Array.from({ length: 12 }, (_, index) => reader.read('1', user(`${index}`), { waitMs: 5_000 }));
  await clock.advance(5_000);
  await Promise.all(reads);
  expect(begun).toHaveLength(12);
  for (const [index, time] of begun.entries()) expect((begun[index + 5] ?? Infinity) - time).toBeGreaterThan(1_000);
});

it('gives up at once who cannot wait for a place, and takes no place for them', async () => {
  const { clock, begun, reader } = reading();
  const reads = Array.from({ length: 7 }, (_, index) => reader.read('1', user(`${index}`), { waitMs: 0 }));
  await clock.advance(300);
  expect((await Promise.all(reads)).filter((result) => result === null)).toHaveLength(2);
  await clock.advance(1_000);
  void reader.read('1', user('8'), { waitMs: 0 });
  expect(begun).toHaveLength(6);
});

it('counts each number by itself', async () => {
  const { clock, begun, reader } = reading();
  for (const number of ['1', '2']) {
    for (let index = 0; index < 5; index += 1) void reader.read(number, user(`${index}`), { waitMs: 0 });
  }
  await clock.advance(10);
  expect(begun).toHaveLength(10);
});

it('shares one read among all who ask for the same user at once', async () => {
  const { clock, begun, reader } = reading();
  const reads = [1, 2, 3].map(() => reader.read('1', user('a'), { waitMs: 0 }));
  await clock.advance(300);
  expect(await Promise.all(reads)).toEqual([REPORT, REPORT, REPORT]);
  expect(begun).toHaveLength(1);
});

it('pauses after a 613, longer each time, and no more once a report came', async () => {
  const { clock, begun, reader } = reading(TOO_MANY, TOO_MANY, REPORT);
  const paused = async () => {
    const before = clock.now();
    while ((await withTime(clock, reader.read('1', user('a'), { waitMs: 0 }))) === null) await clock.advance(100);
    return clock.now() - before;
  };
  await paused();
  expect(await paused()).toBeGreaterThanOrEqual(2_000);
  expect(await paused()).toBeGreaterThanOrEqual(4_000);
  expect(await paused()).toBeLessThan(1_500);
  expect(begun).toHaveLength(4);
});

it('pauses for as long as Graph says', async () => {
  const { clock, reader } = reading(graphRefusal(429, 4, { retryAfterMs: 30_000 }));
  await withTime(clock, reader.read('1', user('a'), { waitMs: 0 }));
  await clock.advance(29_000);
  expect(await reader.read('1', user('a'), { waitMs: 0 })).toBeNull();
});

async function withTime<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  await clock.advance(210);
  return await work;
}
