import { expect, it } from 'vitest';
import { policy } from '../../support/call.ts';
import { connectEvent, terminateEvent } from '../../support/call-event.ts';
import { dialEvent } from '../../support/dialled-phones.ts';
import { SMOOTH, World } from '../../support/world.ts';

const CALL = 'wacid.1';

async function isOver(promise: Promise<void>): Promise<boolean> {
  return await Promise.race([promise.then(() => true), new Promise<false>((no) => setImmediate(() => no(false)))]);
}

it('says that a webhook is written when the log has what it said, and not before', async () => {
  const world = new World(policy());
  await world.runtime.handle(connectEvent(CALL, world.clock.now()));
  await world.clock.advance(5_000);
  await world.runtime.written(CALL);

  const append = world.log.append.bind(world.log);
  const disk = Promise.withResolvers<void>();
  world.log.append = async (...line) => disk.promise.then(() => append(...line));
  await world.runtime.handle(terminateEvent(CALL, world.clock.now(), 4));
  const written = world.runtime.written(CALL);
  await world.clock.advance(1_000);
  expect(await isOver(written)).toBe(false);
  disk.resolve();
  await written;
  expect(world.log.byCallId(CALL)?.patch.ending).toMatchObject({ reason: 'user_hangup' });
});

it('says so of what came before the name of its call when that call has it, or it is nobody’s', async () => {
  const world = new World(policy(), () => SMOOTH);
  const over = world.runtime.expectName('pn-1');
  const at = world.clock.now();
  await world.runtime.handle(dialEvent('wacid.early', { type: 'meta.status', status: 'RINGING', timestamp: at }));
  const written = world.runtime.written('wacid.early');
  await world.clock.advance(1_000);
  expect(await isOver(written)).toBe(false);
  over();
  await written;
  await world.runtime.written('wacid.never heard of');
});
