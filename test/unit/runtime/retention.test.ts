import { describe, expect, it } from 'vitest';
import { type Expiring, Retention } from '../../../src/runtime/index.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A shelf with things of some ages, of which a step takes three. */
function shelf(clock: VirtualClock, ages: number[], differences: Partial<Expiring> = {}) {
  const begun: number[] = [];
  const steps: number[] = [];
  const expiring: Expiring = {
    name: 'things',
    keepMs: 30 * DAY,
    everyMs: HOUR,
    begin(before) {
      begun.push(before);
      return {
        async step() {
          steps.push(clock.now());
          const old = ages.filter((age) => age < before).slice(0, 3);
          for (const age of old) ages.splice(ages.indexOf(age), 1);
          return { deleted: old.length, done: old.length < 3 };
        },
      };
    },
    ...differences,
  };
  return { expiring, begun, steps, ages };
}

function retention(clock: VirtualClock, ...expiring: Expiring[]) {
  const deleted: [string, number][] = [];
  const faults: [string, unknown][] = [];
  const job = new Retention({
    clock,
    expiring,
    onDeleted: (name, count) => void deleted.push([name, count]),
    onFault: (name, fault) => void faults.push([name, fault]),
  });
  return { job, deleted, faults };
}

describe('retention', () => {
  it('deletes what is old at the start, a little at a time with pauses, and then every hour', async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    const things = shelf(clock, [1, 2, 3, 4, 5, 6, 7, start - 30 * DAY + 1]);
    const { job, deleted } = retention(clock, things.expiring);
    job.start();
    await clock.advance(1_000);
    expect(things.begun).toEqual([start - 30 * DAY]);
    expect(things.steps).toEqual([start, start + 50, start + 100]);
    expect(deleted).toEqual([['things', 7]]);
    await clock.advance(HOUR);
    expect(things.begun[1]).toBe(start + HOUR - 30 * DAY);
    expect(things.ages).toEqual([]);
    expect(deleted).toEqual([
      ['things', 7],
      ['things', 1],
    ]);
    await job.stop();
  });

  it('says nothing of a round in which nothing was old', async () => {
    const clock = new VirtualClock();
    const { job, deleted } = retention(clock, shelf(clock, []).expiring);
    job.start();
    await clock.advance(3 * HOUR);
    expect(deleted).toEqual([]);
    await job.stop();
  });

  it('reports what fails, tries it again in the next round, and lets nothing else wait for it', async () => {
    const clock = new VirtualClock();
    const things = shelf(clock, [1, 2]);
    const broken = { name: 'broken', begin: () => ({ step: () => Promise.reject(new Error('no database')) }) };
    const { job, deleted, faults } = retention(clock, { ...things.expiring, ...broken }, things.expiring);
    job.start();
    await clock.advance(2 * HOUR);
    expect(faults.map(([name]) => name)).toEqual(['broken', 'broken', 'broken']);
    expect(deleted).toEqual([['things', 2]]);
    await job.stop();
  });

  it('waits at its stop for the step under way, and begins no other', async () => {
    const clock = new VirtualClock();
    let finish = () => {};
    const things = shelf(clock, []);
    const step = () =>
      new Promise<{ deleted: number; done: boolean }>((done) => (finish = () => done({ deleted: 3, done: false })));
    const { job } = retention(clock, { ...things.expiring, begin: () => ({ step }) });
    job.start();
    let stopped = false;
    const stopping = job.stop().then(() => (stopped = true));
    await clock.advance(1_000);
    expect(stopped).toBe(false);
    finish();
    await stopping;
    expect(clock.pending).toBe(0);
  });
});
