import { describe, expect, it, onTestFinished } from 'vitest';
import type { Fate } from '../../../support/permission-world/meta-side.ts';
import { reckon } from '../../../support/permission-world/reckoning.ts';
import { dialRequest, PermissionWorld, pair } from '../../../support/permission-world.ts';
import { DAY, SECOND } from '../permission-state.ts';

const THEM = pair();
const ask = { permission: { mode: 'ask', template: null } } as const;
/** Graph has it, or never had it, and does not say. */
const SILENT: Fate = { answerMs: 5_000, lost: true, reaches: true };
const LOST: Fate = { ...SILENT, reaches: false };
const WELL: Fate = { answerMs: 80, lost: false, reaches: true };

async function open(fates: readonly Fate[]): Promise<PermissionWorld> {
  const world = await PermissionWorld.open({ fates });
  onTestFinished(() => world.close());
  return world;
}

/** What the judge has taken. */
const asked = ({ meta }: PermissionWorld) => meta.users.requests.length;

async function expectOneCall(world: PermissionWorld): Promise<void> {
  expect(world.meta.users.answer(THEM, 'accept')).toBe(true);
  await world.advance(10 * SECOND);
  expect(world.meta.connects).toHaveLength(1);
  expect([...world.referee.refused.keys()]).toEqual([]);
  expect(world.referee.wrong).toEqual([]);
  expect(await reckon(world)).toEqual([]);
}

describe('a request that is lost on its way to WhatsApp', () => {
  it('is sent again, and leads to one call', async () => {
    const world = await open([LOST, WELL, WELL]);
    expect(await world.dial(THEM, ask)).toMatchObject({ type: 'accepted', state: 'awaiting_permission' });
    expect(asked(world)).toBe(0);
    await world.advance(15 * SECOND);
    expect(asked(world)).toBe(1);
    await world.advance(DAY);
    expect(asked(world)).toBe(1);
    await expectOneCall(world);
  });

  it('is sent again by the next process if this one died meanwhile', async () => {
    const world = await open([LOST, WELL, WELL]);
    void world.bridge.dials.desk.dial(dialRequest(THEM, ask));
    await world.advance(SECOND);
    await world.restart('kill');
    await world.advance(15 * SECOND);
    expect(asked(world)).toBe(1);
    await expectOneCall(world);
  });

  it('is sent again and again, until it arrives', async () => {
    const world = await open([LOST, LOST, LOST, WELL, WELL]);
    await world.dial(THEM, ask);
    await world.advance(10 * 60 * SECOND);
    expect(asked(world)).toBe(1);
    await expectOneCall(world);
  });
});

describe('a request whose answer is lost on its way back', () => {
  it('is not sent again, and leads to one call', async () => {
    const world = await open([SILENT, WELL, WELL]);
    await world.dial(THEM, ask);
    await world.advance(DAY);
    expect(asked(world)).toBe(1);
    await expectOneCall(world);
  });

  it('is not sent again by the next process if this one died meanwhile', async () => {
    const world = await open([SILENT, WELL, WELL]);
    void world.bridge.dials.desk.dial(dialRequest(THEM, ask));
    await world.advance(SECOND);
    await world.restart('kill');
    await world.restart('kill');
    await world.advance(DAY);
    expect(asked(world)).toBe(1);
    await expectOneCall(world);
  });
});
