import { expect, it, onTestFinished } from 'vitest';
import { WaitingRoom } from '../../../../src/permissions/dialling/waiting-room.ts';
import type { WaitingDial } from '../../../../src/permissions/index.ts';
import { dialOrder } from '../../../support/dial-order.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { DAY, SECOND } from '../permission-state.ts';

/** A room over a book in memory. A dial that is looked after leaves the book, unless `fails` says otherwise. */
function waitingRoom(fails: (id: string) => boolean = () => false) {
  const clock = new VirtualClock(0);
  const waiting = new Map<string, number>();
  const done: string[] = [];
  const faults: string[] = [];
  const dueOf = (now: number) =>
    [...waiting].filter(([, at]) => at <= now).toSorted(([, one], [, other]) => one - other);
  const room = new WaitingRoom({
    clock,
    book: {
      due: async (now, limit) =>
        dueOf(now)
          .slice(0, limit)
          .map(([id, nextAt]): WaitingDial => ({ order: dialOrder({ id }), state: 'scheduled', nextAt })),
      nextDue: async () => (waiting.size === 0 ? null : Math.min(...waiting.values())),
    },
    onDue: async ({ order: { id } }) => {
      await clock.wait(SECOND);
      if (fails(id)) throw new Error('no');
      waiting.delete(id);
      done.push(id);
    },
    onFault: (during) => faults.push(during),
  });
  onTestFinished(() => void room.stop());
  return { clock, waiting, done, faults, room };
}

it('looks after each dial when its time has come, though it is a month away', async () => {
  const { clock, waiting, done, room } = waitingRoom();
  waiting.set('late', 30 * DAY);
  waiting.set('soon', 60 * SECOND);
  room.start();
  await clock.advance(59 * SECOND);
  expect(done).toEqual([]);
  await clock.advance(2 * SECOND);
  expect(done).toEqual(['soon']);
  await clock.advance(30 * DAY);
  expect(done).toEqual(['soon', 'late']);
});

it('finds what came while it was looking', async () => {
  const { clock, waiting, done, room } = waitingRoom();
  waiting.set('a', 0);
  room.start();
  await clock.advance(500);
  waiting.set('b', 0);
  room.look();
  await clock.advance(2 * SECOND);
  expect(done).toEqual(['a', 'b']);
});

it('finds what became due between its two questions', async () => {
  const clock = new VirtualClock(0);
  const dial: WaitingDial = { order: dialOrder({ id: 'a' }), state: 'scheduled', nextAt: 10 };
  let waits = true;
  const done: string[] = [];
  const room = new WaitingRoom({
    clock,
    book: {
      due: async (now) => (waits && now >= 10 ? [dial] : []),
      async nextDue() {
        // A database takes a moment, and the clock does not wait for it.
        await clock.wait(20);
        return waits ? 10 : null;
      },
    },
    onDue: async ({ order: { id } }) => {
      waits = false;
      done.push(id);
    },
    onFault: () => {},
  });
  onTestFinished(() => void room.stop());
  room.start();
  await clock.advance(SECOND);
  expect(done).toEqual(['a']);
});

it('works many off side by side', async () => {
  const { clock, waiting, done, room } = waitingRoom();
  for (let index = 0; index < 60; index += 1) waiting.set(`${index}`, 0);
  room.start();
  await clock.advance(3 * SECOND + 100);
  expect(done).toHaveLength(60);
});

it('is not held up by one that fails, and tries that one again', async () => {
  let fails = true;
  const { clock, waiting, done, faults, room } = waitingRoom((id) => fails && id === 'bad');
  waiting.set('bad', 0);
  waiting.set('good', 1);
  room.start();
  await clock.advance(3 * SECOND);
  expect(done).toEqual(['good']);
  waiting.set('later', 4 * SECOND);
  room.look();
  await clock.advance(7 * SECOND);
  expect(done).toEqual(['good', 'later']);
  fails = false;
  await clock.advance(10 * SECOND);
  expect(done).toEqual(['good', 'later', 'bad']);
  expect(faults.length).toBeGreaterThan(0);
});

it('does nothing before it is started nor after it was stopped', async () => {
  const { clock, waiting, done, room } = waitingRoom();
  waiting.set('a', 0);
  room.look();
  await clock.advance(5 * SECOND);
  expect(done).toEqual([]);
  room.start();
  const stopped = room.stop();
  await clock.advance(5 * SECOND);
  await stopped;
  waiting.set('b', clock.now());
  room.look();
  await clock.advance(DAY);
  expect(done).not.toContain('b');
  expect(clock.pending).toBe(0);
});
