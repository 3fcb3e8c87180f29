import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, type TestContext } from 'vitest';
import { noteFailure } from './repeats.ts';

/*
 * Tests of sound judge delays and gaps in real time, on a virtual machine that now and then stands still or is slow. One that
 * fails is repeated, twice at most (vitest.config.ts): what is broken fails three times. Every failure that came to nothing
 * this way is written down with what is known of the machine, for test/audit, which prints them and allows only a few.
 *
 * That the machine stood still is told by a thread that does nothing but sleep: when even that one was not woken, nobody
 * else ran either.
 */

/** Calls carry about 60 ms of sound in their buffers (docs/capacity.md). */
const STANDSTILL_MS = 60;
const TICK_MS = 5;
/** The last so many standstills are remembered. */
const REMEMBERED = 64;

const SLEEPER = `
const { workerData } = require('node:worker_threads');
const stops = new Float64Array(workerData);
const now = () => performance.timeOrigin + performance.now();
let last = now();
let count = 0;
setInterval(() => {
  const at = now();
  if (at - last - ${TICK_MS} >= ${STANDSTILL_MS}) {
    const slot = 2 * (count++ % ${REMEMBERED});
    stops[slot + 1] = at - last - ${TICK_MS};
    stops[slot] = at;
  }
  last = at;
}, ${TICK_MS});
`;

/** Pairs of when it ended (Unix ms) and how long it was (ms). */
const stops = new Float64Array(new SharedArrayBuffer(16 * REMEMBERED));
new Worker(SLEEPER, { eval: true, workerData: stops.buffer }).unref();
/** When what a test judges began, Unix ms. */
const startedAt = new WeakMap<object, number>();
let current: TestContext['task'] | null = null;

beforeEach(({ task }) => {
  current = task;
  startedAt.set(task, now());
});

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  const ms = Math.round(longestStandstill(startedAt.get(task) ?? 0));
  noteFailure({
    test: fullName(task),
    why: task.result.errors?.at(-1)?.message.split('\n')[0] ?? '',
    standstillMs: ms,
  });
});

function fullName({ name, suite, file }: TestContext['task']): string {
  return [file.name, ...(suite === undefined ? [] : [suite.name]), name].join(' > ');
}

/**
 * What several tests judge: played when the first of them asks for it, and anew for one that is repeated. For tests that run
 * one after the other.
 */
export function sharedPlay<T>(play: () => Promise<T>): () => Promise<T> {
  let played: Promise<T> | null = null;
  let from = 0;
  return () => {
    if (current === null) throw new Error('only a test can ask for a play');
    const isRepeated = (current.result?.retryCount ?? 0) > 0;
    if (played === null || isRepeated) {
      from = now();
      played = play();
    }
    startedAt.set(current, from);
    return played;
  };
}

function longestStandstill(since: number): number {
  let longest = 0;
  for (let slot = 0; slot < stops.length; slot += 2)
    if (stops[slot]! > since) longest = Math.max(longest, stops[slot + 1]!);
  return longest;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
