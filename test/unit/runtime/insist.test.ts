import { describe, expect, it } from 'vitest';
import { insist } from '../../../src/runtime/insist.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const away = new Error('the database is away');

describe('A write that must not be lost', () => {
  it('is tried again until it succeeds, and tells of each failure', async () => {
    const clock = new VirtualClock();
    const faults: unknown[] = [];
    let attempts = 0;
    const write = async () => {
      attempts += 1;
      if (attempts < 4) throw away;
    };
    let written = false;
    void insist(write, clock, (fault) => faults.push(fault)).then(() => {
      written = true;
    });
    await clock.advance(6_999);
    expect({ attempts, written }).toEqual({ attempts: 3, written: false });
    await clock.advance(1);
    expect({ attempts, written }).toEqual({ attempts: 4, written: true });
    expect(faults).toEqual([away, away, away]);
  });

  it('is given up after a minute', async () => {
    const clock = new VirtualClock();
    const result = insist(
      () => Promise.reject(away),
      clock,
      () => {},
    ).catch((fault: unknown) => fault);
    await clock.advance(61_000);
    expect(await result).toBe(away);
    expect(clock.pending).toBe(0);
  });
});
