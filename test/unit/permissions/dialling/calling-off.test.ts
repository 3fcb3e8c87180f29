import { describe, expect, it } from 'vitest';
import { decide } from '../../../../src/permissions/index.ts';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { Desks, reportOf } from '../../../support/desks.ts';
import { USER } from '../../../support/dial-order.ts';
import { asClient, graphRefusal } from '../../../support/scripted-permission-graph.ts';
import { HOUR, rulesOf, SECOND } from '../permission-state.ts';

const MINUTE = 60 * SECOND;
const OFF = { type: 'calling_settings', calling: { status: 'DISABLED' }, changed: true } as const;
const ON = { type: 'calling_settings', calling: { status: 'ENABLED' }, changed: true } as const;
const DENIED = { type: 'denied', denial: { code: 138000, reason: 'calling_disabled', until: null } };

/** Desks whose user allows calls for good. */
async function permitted(): Promise<Desks> {
  const desks = await Desks.open();
  desks.graph.onRead = () => ({ type: 'report', at: desks.clock.now(), body: reportOf('permanent') });
  desks.desk.start();
  return desks;
}

describe('when Meta says that calling is off', () => {
  it('the very next dial is not placed, and leaves no record', async () => {
    const desks = await permitted();
    expect(await desks.desk.dial(desks.request())).toMatchObject({ type: 'accepted' });
    await desks.tellAccount(OFF);
    const request = desks.request({ user: { waId: '4930100002', userId: null } });
    expect(await desks.desk.dial(request)).toMatchObject(DENIED);
    expect(desks.calls.placed).toHaveLength(1);
    expect(desks.graph.connects).toEqual([]);
    expect(await desks.endingOf(request.id)).toBeUndefined();
  });

  it('nor is the call of a client, nor its request for permission', async () => {
    const desks = await permitted();
    await desks.tellAccount(OFF);
    const session = { sdp_type: 'offer', sdp: 'v=0' };
    const connect = asClient({ messaging_product: 'whatsapp', to: USER.waId, action: 'connect', session });
    expect(await desks.clients.connect(PHONE_NUMBER_ID, USER, connect)).toMatchObject(DENIED);
    const interactive = { type: 'call_permission_request', action: { name: 'call_permission_request' } };
    const asking = asClient({ messaging_product: 'whatsapp', to: USER.waId, type: 'interactive', interactive });
    expect(await desks.clients.send(PHONE_NUMBER_ID, asking)).toMatchObject(DENIED);
    expect([desks.graph.connects, desks.graph.sent]).toEqual([[], []]);
  });

  it('other messages of a client go out', async () => {
    const desks = await permitted();
    await desks.tellAccount(OFF);
    const text = asClient({ messaging_product: 'whatsapp', to: USER.waId, type: 'text', text: { body: 'hello' } });
    expect(await desks.clients.send(PHONE_NUMBER_ID, text)).toMatchObject({ type: 'answered' });
  });

  it('a dial whose time comes waits on, and goes out soon after calling is on again', async () => {
    const desks = await permitted();
    const at = desks.clock.now();
    const request = desks.request({ notBefore: at + 5 * MINUTE });
    expect(await desks.desk.dial(request)).toMatchObject({ type: 'accepted', state: 'scheduled' });
    await desks.tellAccount(OFF);
    desks.calling = { status: 'DISABLED' };
    await desks.clock.advance(20 * MINUTE);
    expect(desks.calls.placed).toEqual([]);
    expect(await desks.database.permissions.waiting(request.id)).not.toBeNull();
    await desks.tellAccount(ON);
    await desks.clock.advance(20_000);
    expect(desks.calls.placed.map(({ id }) => id)).toEqual([request.id]);
    expect(desks.faults).toEqual([]);
  });

  it('a dial whose user says yes waits on, and ends at its deadline', async () => {
    const desks = await Desks.open();
    desks.desk.start();
    await desks.userWrites();
    const request = desks.request({ permission: { mode: 'ask', template: null }, notAfter: desks.clock.now() + HOUR });
    expect(await desks.desk.dial(request)).toMatchObject({ state: 'awaiting_permission' });
    await desks.tellAccount(OFF);
    desks.calling = { status: 'DISABLED' };
    await desks.userSays('accept');
    await desks.clock.advance(30 * MINUTE);
    expect(await desks.database.permissions.waiting(request.id)).not.toBeNull();
    await desks.clock.advance(31 * MINUTE);
    expect(desks.calls.placed).toEqual([]);
    expect(await desks.endingOf(request.id)).toMatch(/^(dial_denied|permission_expired)$/);
  });

  it('nobody is asked for a permission, and a dial that would ask is refused', async () => {
    const desks = await Desks.open();
    await desks.userWrites();
    await desks.tellAccount(OFF);
    const request = desks.request({ permission: { mode: 'ask', template: null } });
    expect(await desks.desk.dial(request)).toMatchObject(DENIED);
    expect(desks.graph.sent).toEqual([]);
  });

  it('an older word that says otherwise, and comes later, changes nothing', async () => {
    const desks = await permitted();
    await desks.tellAccount(OFF);
    await desks.tellAccount(ON, desks.clock.now() - 10_000);
    expect(await desks.desk.dial(desks.request())).toMatchObject(DENIED);
  });
});

describe('should no webhook say that calling is back', () => {
  it('Graph is asked at the next dial, when its last word is a minute old, and the dial goes out', async () => {
    const desks = await permitted();
    await desks.tellAccount(OFF);
    desks.calling = { status: 'ENABLED' };
    await desks.clock.advance(59_000);
    expect(await desks.desk.dial(desks.request())).toMatchObject(DENIED);
    expect(desks.rechecks).toEqual([]);
    await desks.clock.advance(1_000);
    expect(await desks.desk.dial(desks.request())).toMatchObject({ type: 'accepted' });
    expect(desks.rechecks).toEqual([PHONE_NUMBER_ID]);
  });

  it('and is asked once a minute while it says that calling is off', async () => {
    const desks = await permitted();
    await desks.tellAccount(OFF);
    desks.calling = { status: 'DISABLED' };
    for (let second = 0; second < 240; second += 10) {
      expect(await desks.desk.dial(desks.request())).toMatchObject(DENIED);
      await desks.clock.advance(10_000);
    }
    expect(desks.rechecks).toHaveLength(3);
  });

  it('nor that it is off, a refusal of Graph has it asked', async () => {
    const desks = await permitted();
    desks.calling = { status: 'DISABLED' };
    desks.graph.onConnect = () => graphRefusal(401, 138000);
    const session = { sdp_type: 'offer', sdp: 'v=0' };
    const connect = asClient({ messaging_product: 'whatsapp', to: USER.waId, action: 'connect', session });
    expect(await desks.clients.connect(PHONE_NUMBER_ID, USER, connect)).toMatchObject({ type: 'refused' });
    expect(desks.rechecks).toEqual([PHONE_NUMBER_ID]);
    expect(await desks.desk.dial(desks.request())).toMatchObject(DENIED);
  });
});

describe('when Meta restricts calls of the business', () => {
  it('the very next dial is not placed until then, and one that waits goes out then', async () => {
    const desks = await permitted();
    const until = desks.clock.now() + 10 * MINUTE;
    const waiting = desks.request({ notBefore: desks.clock.now() + MINUTE });
    await desks.desk.dial(waiting);
    await desks.tellAccount({ type: 'restricted', kind: 'business_calls', until, remediation: null });
    expect(await desks.desk.dial(desks.request())).toMatchObject({ denial: { code: 138014, until } });
    await desks.clock.advance(9 * MINUTE);
    expect(desks.calls.placed).toEqual([]);
    await desks.clock.advance(MINUTE + 1_000);
    expect(desks.calls.placed.map(({ id }) => id)).toEqual([waiting.id]);
  });

  it.each(['user_calls', 'call_button'] as const)('and not when it restricts %s', async (kind) => {
    const desks = await permitted();
    await desks.tellAccount({ type: 'restricted', kind, until: desks.clock.now() + HOUR, remediation: null });
    expect(await desks.desk.dial(desks.request())).toMatchObject({ type: 'accepted' });
  });
});

it('a number whose calling is on, or of which nothing is known, is decided as before', async () => {
  const desks = await permitted();
  const read = async () => (await desks.database.permissions.read(PHONE_NUMBER_ID, USER, desks.clock.now())).number;
  expect((await read()).callingOff).toBeNull();
  await desks.tellAccount(ON);
  const number = await read();
  expect(number.callingOff).toBeNull();
  const { pair } = await desks.database.permissions.read(PHONE_NUMBER_ID, USER, desks.clock.now());
  const input = { now: desks.clock.now(), wish: 'call', rules: rulesOf(), ownTemplate: false } as const;
  expect(decide({ ...input, number, pair })).toMatchObject({ reason: 'no_permission' });
});
