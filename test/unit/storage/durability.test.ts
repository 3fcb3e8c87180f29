import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DatabasePlace } from '../../../src/storage/index.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';

const WRITER = new URL('../../support/inbox-writer.ts', import.meta.url).pathname;

function startWriter(place: DatabasePlace, count: number): ChildProcess {
  const writer = spawn(process.execPath, [WRITER, JSON.stringify(place), String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void writer.kill('SIGKILL'));
  return writer;
}

describe.each(DATABASES)('durability ($name)', ({ fresh }) => {
  it('has every webhook that was reported as stored after kill -9 in the middle of writing', async () => {
    const place = await fresh();
    const writer = startWriter(place, 1_000_000);
    const exited = once(writer, 'exit');
    const reported: string[] = [];
    for await (const key of createInterface({ input: writer.stdout! })) {
      reported.push(key);
      if (reported.length === 300) writer.kill('SIGKILL');
    }
    await exited;
    expect(reported.length).toBeGreaterThanOrEqual(300);
    const { inbox } = await openTestDatabase(place);
    const kept = new Set((await inbox.pending(1_000_000)).map((webhook) => webhook.deliveryKey));
    expect(reported.filter((key) => !kept.has(key))).toEqual([]);
  });

  it('is brought to its tables by several processes that start at once, and all of them write', async () => {
    const place = await fresh();
    const writers = Array.from({ length: 4 }, () => startWriter(place, 20));
    const codes = await Promise.all(
      writers.map(async (writer) => {
        writer.stdout!.resume();
        const [code] = await once(writer, 'exit');
        return code;
      }),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    const { inbox } = await openTestDatabase(place);
    expect(await inbox.pending(1000)).toHaveLength(80);
  });
});
