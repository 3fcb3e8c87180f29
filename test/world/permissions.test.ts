import { describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../src/call/index.ts';
import type { DialOutcome } from '../../src/permissions/index.ts';
import type { RequestAnswer } from '../../src/simulator/index.ts';
import { reckon } from '../support/permission-world/reckoning.ts';
import {
  dialRequest,
  PermissionWorld,
  type PermissionWorldOptions,
  pair,
  refOf,
  TEMPLATE,
} from '../support/permission-world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const THEM = pair();

async function open(options: PermissionWorldOptions = {}): Promise<PermissionWorld> {
  const world = await PermissionWorld.open(options);
  onTestFinished(() => world.close());
  return world;
}

/** A user who allows calls, and of whom we know it. */
async function openAllowed(options: PermissionWorldOptions = {}): Promise<PermissionWorld> {
  const world = await open(options);
  world.meta.users.grant(THEM, 'permanent');
  await world.advance(2 * SECOND);
  return world;
}

const callNow = (world: PermissionWorld) => world.meta.calls.liveOf(THEM)[0]?.[0] ?? null;
const ask = { permission: { mode: 'ask', template: null } } as const;

/** Dials, picks up, and hangs up. */
async function talk(world: PermissionWorld): Promise<DialOutcome> {
  const outcome = await world.dial(THEM);
  await world.advance(2 * SECOND);
  const callId = callNow(world);
  if (callId === null) return outcome;
  world.meta.calls.pickUp(callId);
  await world.advance(3 * SECOND);
  world.meta.calls.hangUp(callId);
  await world.advance(2 * SECOND);
  return outcome;
}

async function ringInVain(world: PermissionWorld): Promise<DialOutcome> {
  const outcome = await world.dial(THEM);
  await world.advance(2 * MINUTE);
  return outcome;
}

async function expectAgreement(world: PermissionWorld): Promise<void> {
  expect(world.referee.wrong).toEqual([]);
  expect(await reckon(world)).toEqual([]);
}

describe('One place', () => {
  it('is had by one of 50 dials at once, and the others are told that a call is going on', async () => {
    const world = await openAllowed();
    const { desk } = world.bridge.dials;
    const outcomes = await world.finish(Promise.all(Array.from({ length: 50 }, () => desk.dial(dialRequest(THEM)))));
    expect(outcomes.filter(({ type }) => type === 'accepted')).toHaveLength(1);
    expect(outcomes.filter(({ type }) => type === 'denied')).toHaveLength(49);
    await world.advance(5 * SECOND);
    expect(world.meta.connects).toHaveLength(1);
    expect([...world.referee.refused.keys()]).toEqual([]);
    await expectAgreement(world);
  });

  it('is had by one of 50 when 99 calls of the day were picked up', async () => {
    const world = await openAllowed();
    for (let calls = 0; calls < 99; calls += 1) await talk(world);
    expect(world.meta.connects).toHaveLength(99);
    const { desk } = world.bridge.dials;
    const outcomes = await world.finish(Promise.all(Array.from({ length: 50 }, () => desk.dial(dialRequest(THEM)))));
    expect(outcomes.filter(({ type }) => type === 'accepted')).toHaveLength(1);
    await world.advance(2 * SECOND);
    expect(world.meta.connects).toHaveLength(100);
    await expectAgreement(world);
  });

  it('is had by one request of 20 at once', async () => {
    const world = await open();
    const { desk } = world.bridge.dials;
    const outcomes = await world.finish(
      Promise.all(Array.from({ length: 20 }, () => desk.dial(dialRequest(THEM, ask)))),
    );
    expect(outcomes.filter(({ type }) => type === 'accepted')).toHaveLength(1);
    expect(world.meta.users.requests).toHaveLength(1);
    await expectAgreement(world);
  });
});

describe('The 101st call of a day', () => {
  it.each(['works', 'no_answer'] as const)(
    'is refused here until the first is a day old, and placed then, where a report %s',
    async (reading) => {
      const world = await openAllowed();
      world.meta.reading = reading;
      const began = world.clock.now();
      for (let calls = 0; calls < 100; calls += 1) await talk(world);
      const outcome = await world.dial(THEM);
      expect(outcome).toMatchObject({ type: 'denied', denial: { code: 138012, reason: 'connected_call_limit' } });
      const until = outcome.type === 'denied' ? (outcome.denial.until ?? 0) : 0;
      expect(until - began - DAY).toBeGreaterThan(0);
      expect(until - began - DAY).toBeLessThan(10 * SECOND);

      await world.advance(until - world.clock.now() - 2 * SECOND);
      expect(await world.dial(THEM)).toMatchObject({ type: 'denied' });
      await world.advance(2 * SECOND);
      expect(await talk(world)).toMatchObject({ type: 'accepted' });
      expect(world.meta.connects).toHaveLength(101);
      expect([...world.referee.refused.keys()]).toEqual([]);
      await expectAgreement(world);
    },
  );
});

describe('Ask, then call', () => {
  it.each<[RequestAnswer, number]>([
    ['accept', 1],
    ['accept_always', 1],
    ['reject', 0],
  ])('of a user who answers %s places %i call', async (answer, calls) => {
    const world = await open();
    expect(await world.dial(THEM, ask)).toMatchObject({ type: 'accepted', state: 'awaiting_permission' });
    await world.advance(3 * HOUR);
    expect(world.meta.connects).toHaveLength(0);
    expect(world.meta.users.answer(THEM, answer)).toBe(true);
    await world.advance(10 * SECOND);
    expect(world.meta.connects).toHaveLength(calls);
    expect(callNow(world) === null).toBe(calls === 0);
    await expectAgreement(world);
  });

  it('places the call if the process died while the user thought', async () => {
    const world = await open();
    await world.dial(THEM, ask);
    await world.restart('kill');
    world.meta.users.answer(THEM, 'accept');
    await world.advance(10 * SECOND);
    expect(world.meta.connects).toHaveLength(1);
    await expectAgreement(world);
  });

  it('gives up when the user is silent for the time that the number allows', async () => {
    const world = await open({ rules: { permissionDeadlineMs: HOUR } });
    const id = crypto.randomUUID();
    await world.dial(THEM, { ...ask, id });
    await world.advance(2 * HOUR);
    expect(await world.database.calls.find(DEFAULT_PROJECT_ID, id)).toMatchObject({
      ending: { reason: 'permission_expired' },
    });
    world.meta.users.answer(THEM, 'accept');
    await world.advance(MINUTE);
    expect(world.meta.connects).toHaveLength(0);
    await expectAgreement(world);
  });

  it('asks by template outside the window, freely inside it, and not at all without a template', async () => {
    const world = await open({ rules: { requestTemplate: null } });
    const denied = { type: 'denied', denial: { code: 131047, reason: 'window_closed' } };
    expect(await world.dial(THEM, ask)).toMatchObject(denied);
    const permission = { mode: 'ask', template: TEMPLATE } as const;
    expect(await world.dial(THEM, { permission })).toMatchObject({ type: 'accepted' });
    const other = pair(1, 0);
    world.meta.users.write(other);
    await world.advance(2 * SECOND);
    expect(await world.dial(other, ask)).toMatchObject({ type: 'accepted' });
    await expectAgreement(world);
  });
});

describe('Calls that nobody picks up', () => {
  it('are no more than three in a row, unless the user calls or picks up', async () => {
    const world = await openAllowed();
    for (let calls = 0; calls < 3; calls += 1) {
      expect(await ringInVain(world)).toMatchObject({
        type: 'accepted',
        warnings: calls < 2 ? [] : [expect.anything()],
      });
    }
    expect(await world.dial(THEM)).toMatchObject({ type: 'denied', denial: { reason: 'unanswered_guard' } });
    world.meta.calls.userCalls(THEM);
    await world.advance(5 * SECOND);
    world.meta.calls.hangUp(callNow(world) ?? '');
    await world.advance(5 * SECOND);
    expect(await talk(world)).toMatchObject({ type: 'accepted' });
    await expectAgreement(world);
  });

  it('cost the permission after four if nobody guards it, and we know it', async () => {
    const world = await openAllowed({ rules: { stopAfterUnanswered: null } });
    for (let calls = 0; calls < 4; calls += 1) await ringInVain(world);
    expect(world.meta.judge.permission(THEM)).toMatchObject({ status: 'no_permission' });
    expect(await world.dial(THEM)).toMatchObject({ type: 'denied', denial: { code: 138006 } });
    expect(world.meta.connects).toHaveLength(4);
    world.meta.users.grant(THEM, 'temporary');
    await world.advance(2 * SECOND);
    expect(await ringInVain(world)).toEqual(expect.objectContaining({ type: 'accepted', warnings: [] }));
    await expectAgreement(world);
  });
});

describe('What is known late', () => {
  it('counts a call from its pickup, though the webhook of it came five hours later', async () => {
    const journeys = [300, 300, 300, 5 * HOUR, 6 * HOUR].map((delayMs) => ({ delayMs, copies: 1 }));
    const world = await openAllowed({ journeys });
    await talk(world);
    const [call] = [...world.meta.calls.all.values()];
    await world.advance(12 * HOUR);
    const { pair: state } = await world.database.permissions.read(
      THEM.phoneNumberId,
      refOf(THEM.user),
      world.clock.now(),
    );
    expect(Math.abs((state.lastConnectedAt ?? 0) - (call?.pickedUpAt ?? 0))).toBeLessThan(1_100);
    await expectAgreement(world);
  });

  it('believes a report rather than an older webhook that comes after it', async () => {
    const world = await open({
      journeys: [
        { delayMs: HOUR, copies: 2 },
        { delayMs: 300, copies: 1 },
      ],
    });
    world.meta.users.grant(THEM, 'permanent');
    await world.advance(10 * MINUTE);
    world.meta.users.revoke(THEM, false);
    await world.advance(10 * MINUTE);
    expect(await world.dial(THEM)).toMatchObject({ type: 'denied', denial: { code: 138006 } });
    await world.advance(HOUR);
    world.meta.reading = 'too_many';
    expect(await world.dial(THEM)).toMatchObject({ type: 'denied', denial: { code: 138006 } });
    await expectAgreement(world);
  });
});
