import { describe, expect, it } from 'vitest';
import type { Denial, DenyReason } from '../../../../src/permissions/index.ts';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { Desks, reportOf } from '../../../support/desks.ts';
import { allow, DENIAL, USER } from '../../../support/dial-order.ts';
import { graphRefusal } from '../../../support/scripted-permission-graph.ts';
import { DAY, HOUR } from '../permission-state.ts';

const denyFor = (reason: DenyReason) => (): Denial => ({ ...DENIAL, reason });

async function learning() {
  const desks = await Desks.open();
  const { clock, graph } = desks;
  graph.onRead = () => ({ type: 'report', at: clock.now(), body: reportOf('permanent') });
  const { lessons } = desks.desk;
  const state = () => desks.database.permissions.read(PHONE_NUMBER_ID, USER, clock.now());
  return { clock, graph, lessons, state, reads: () => graph.reads.length };
}

describe('a report', () => {
  it('is read before a call, and believed for a minute if the call is allowed', async () => {
    const { clock, lessons, reads, state } = await learning();
    await lessons.learnBefore(PHONE_NUMBER_ID, USER, allow);
    expect((await state()).pair.live).toMatchObject({ status: 'permanent', at: clock.now() });
    await clock.advance(59_000);
    await lessons.learnBefore(PHONE_NUMBER_ID, USER, allow);
    expect(reads()).toBe(1);
    await clock.advance(1_000);
    await lessons.learnBefore(PHONE_NUMBER_ID, USER, allow);
    expect(reads()).toBe(2);
  });

  it('is read again after two seconds if the ledger would refuse what a report can allow', async () => {
    const { clock, lessons, reads } = await learning();
    for (let times = 0; times < 3; times += 1) {
      await lessons.learnBefore(PHONE_NUMBER_ID, USER, denyFor('no_permission'));
      await clock.advance(1_000);
    }
    expect(reads()).toBe(2);
  });

  it.each<DenyReason>([
    'call_ongoing',
    'too_many_calls',
    'dial_rate',
    'country_not_supported',
    'number_paused',
    'calling_disabled',
    'unanswered_guard',
    'window_closed',
    'messaging_tier',
  ])('is not read where it says nothing: %s', async (reason) => {
    const { lessons, reads } = await learning();
    await lessons.learnBefore(PHONE_NUMBER_ID, USER, denyFor(reason));
    expect(reads()).toBe(0);
  });

  it('that makes no sense changes nothing', async () => {
    const { graph, lessons, state } = await learning();
    graph.onRead = () => ({ type: 'report', at: 1, body: { permission: 'maybe' } });
    await lessons.learnBefore(PHONE_NUMBER_ID, USER, allow);
    expect((await state()).pair.live).toBeNull();
  });
});

describe('a refusal of Graph', () => {
  it('of a call limit holds until the time that it names', async () => {
    const { clock, lessons, state } = await learning();
    const until = clock.now() + HOUR;
    await lessons.refused(PHONE_NUMBER_ID, USER, { code: 138012, retryAt: until });
    expect((await state()).pair.refused).toEqual({ code: 138012, until });
    await clock.advance(HOUR);
    expect((await state()).pair.refused).toBeNull();
  });

  it.each([
    [138013, HOUR],
    [138014, 7 * DAY],
  ])('%i pauses the number, and without a time not for ever', async (code, forMs) => {
    const { clock, lessons, state } = await learning();
    const until = clock.now() + forMs;
    await lessons.refused(PHONE_NUMBER_ID, USER, { code, retryAt: null });
    expect((await state()).number.paused).toEqual({ code, until });
    await clock.advance(forMs);
    expect((await state()).number.paused).toBeNull();
  });

  it('without a time is no better than the time that a webhook told, before or after', async () => {
    const desks = await Desks.open();
    const { clock } = desks;
    const until = clock.now() + HOUR;
    const restricted = { type: 'restricted', kind: 'business_calls', until, remediation: null } as const;
    const told = async () => (await desks.database.permissions.read(PHONE_NUMBER_ID, USER, clock.now())).number.paused;
    await desks.tellAccount(restricted);
    await desks.desk.lessons.refused(PHONE_NUMBER_ID, USER, { code: 138014, retryAt: null });
    expect(await told()).toEqual({ code: 138014, until });

    const late = await Desks.open();
    await late.desk.lessons.refused(PHONE_NUMBER_ID, USER, { code: 138014, retryAt: null });
    await late.tellAccount(restricted, clock.now() - 60_000);
    const { number } = await late.database.permissions.read(PHONE_NUMBER_ID, USER, clock.now());
    expect(number.paused).toEqual({ code: 138014, until });
  });

  it.each([138006, 138017, 138009])('%i has a report read, which says what it was', async (code) => {
    const { lessons, reads } = await learning();
    await lessons.refused(PHONE_NUMBER_ID, USER, graphRefusal(400, code));
    expect(reads()).toBe(1);
  });
});
