import { expect, it } from 'vitest';
import { Turns } from '../../../src/calls-api/base/turns.ts';

const nextTurn = () => new Promise(setImmediate);

it('lets a few requests begin at once, and the others in the next turns of the event loop, in order', async () => {
  const turns = new Turns();
  const begun: number[] = [];
  for (let index = 0; index < 20; index += 1) void turns.take().then(() => begun.push(index));
  const seen: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    await Promise.resolve();
    await Promise.resolve();
    seen.push(begun.length);
    await nextTurn();
  }
  expect(seen).toEqual([8, 16, 20, 20]);
  expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

it('does not make a request wait when it is alone, also after many', async () => {
  const turns = new Turns();
  await Promise.all(Array.from({ length: 50 }, () => turns.take()));
  await nextTurn();
  await nextTurn();
  let begun = false;
  void turns.take().then(() => {
    begun = true;
  });
  await Promise.resolve();
  await Promise.resolve();
  expect(begun).toBe(true);
});

it('lets no request overtake one that waits', async () => {
  const turns = new Turns();
  const begun: string[] = [];
  const take = (name: string) => void turns.take().then(() => begun.push(name));
  for (let index = 0; index < 8; index += 1) take('first');
  take('waits');
  await nextTurn();
  take('late');
  await nextTurn();
  expect(begun.slice(8)).toEqual(['waits', 'late']);
});
