import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

const MODULE = new URL('../../../src/media/go-first.ts', import.meta.url).href;
/** In a thread of its own: whether it was let, and its nice value by the kernel's books. */
const THREAD = `
  const { parentPort } = require('node:worker_threads');
  const { readFileSync } = require('node:fs');
  import('${MODULE}').then(({ goFirst }) => {
    const went = goFirst();
    const stat = readFileSync('/proc/thread-self/stat', 'utf8');
    parentPort.postMessage({ went, nice: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]) });
  });
`;

it.runIf(process.platform === 'linux')('goes before the main thread where that is allowed, alone', async () => {
  const before = getPriority();
  const thread = new Worker(THREAD, { eval: true });
  const { went, nice } = await new Promise<{ went: boolean; nice: number }>((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
  });
  await thread.terminate();
  expect(nice).toBe(went ? -4 : before);
  expect(went).toBe(mayGoFirst());
  expect(getPriority()).toBe(before);
});

/** CAP_SYS_NICE, or a limit of 24 and more (20 minus the nice value). */
function mayGoFirst(): boolean {
  const capabilities = BigInt(`0x${/CapEff:\s+(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]}`);
  const limit = /Max nice priority\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return ((capabilities >> 23n) & 1n) === 1n || limit === 'unlimited' || Number(limit) >= 24;
}
