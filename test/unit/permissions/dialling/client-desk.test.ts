import { describe, expect, it } from 'vitest';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { Desks, reportOf } from '../../../support/desks.ts';
import { USER } from '../../../support/dial-order.ts';
import { asClient, graphRefusal } from '../../../support/scripted-permission-graph.ts';
import { DAY } from '../permission-state.ts';

const CONNECT = { to: USER.waId, action: 'connect', session: { sdp_type: 'offer', sdp: 'v=0' } };
const REQUEST = { to: USER.waId, type: 'interactive', interactive: { type: 'call_permission_request' } };
const TEMPLATE = { name: 'may_we', language: 'de', components: [] };
const TEMPLATE_MESSAGE = { to: USER.waId, type: 'template', template: { name: 'may_we' } };

const pairOf = async ({ database, clock }: Desks) =>
  (await database.permissions.read(PHONE_NUMBER_ID, USER, clock.now())).pair;

async function openAllowed(): Promise<Desks> {
  const desks = await Desks.open();
  await desks.userSays('accept');
  return desks;
}

describe("a client's own call", () => {
  it('passes through as it is, is followed, and counts as a call with that user', async () => {
    const desks = await openAllowed();
    const outcome = await desks.clients.connect(PHONE_NUMBER_ID, USER, asClient(CONNECT));
    expect(outcome).toMatchObject({ type: 'answered', status: 200, body: { calls: [{ id: 'wacid.client.1' }] } });
    expect(desks.graph.connects).toEqual([CONNECT]);
    expect(desks.calls.followed).toMatchObject([{ callId: 'wacid.client.1', direction: 'outbound' }]);
    const again = await desks.clients.connect(PHONE_NUMBER_ID, USER, asClient(CONNECT));
    expect(again).toMatchObject({ type: 'denied', denial: { code: 138003 } });
    expect(desks.graph.connects).toHaveLength(1);
  });

  it('is refused here without permission', async () => {
    const desks = await Desks.open();
    const outcome = await desks.clients.connect(PHONE_NUMBER_ID, USER, asClient(CONNECT));
    expect(outcome).toMatchObject({ type: 'denied', denial: { code: 138006 } });
    expect(desks.graph.connects).toEqual([]);
  });

  it("that Graph refuses gets Graph's answer, and gives its place back", async () => {
    const desks = await openAllowed();
    desks.graph.onConnect = () => graphRefusal(400, 100);
    expect(await desks.clients.connect(PHONE_NUMBER_ID, USER, asClient(CONNECT))).toMatchObject({
      refusal: { code: 100 },
    });
    expect((await pairOf(desks)).liveCall).toBeNull();
  });

  it('without an answer keeps its place, and is followed without a name', async () => {
    const desks = await openAllowed();
    desks.graph.onConnect = () => ({ type: 'unknown', answer: null });
    expect(await desks.clients.connect(PHONE_NUMBER_ID, USER, asClient(CONNECT))).toEqual({
      type: 'unanswered',
      answer: null,
    });
    const { liveCall } = await pairOf(desks);
    expect(liveCall).not.toBeNull();
    expect(desks.calls.followed).toMatchObject([{ id: liveCall, callId: liveCall }]);
  });

  it('of a number that is not ours is not sent', async () => {
    const desks = await Desks.open();
    const unknown = { type: 'unavailable', why: 'unknown_number' };
    expect(await desks.clients.connect('999', USER, asClient(CONNECT))).toEqual(unknown);
    expect(await desks.clients.send('999', asClient(REQUEST))).toEqual(unknown);
    expect(await desks.clients.permissions('999', USER)).toEqual(unknown);
  });
});

describe("a client's own request", () => {
  it('is counted, so that neither the client nor a dial asks twice', async () => {
    const desks = await Desks.open();
    await desks.userWrites();
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST))).toMatchObject({ type: 'answered' });
    expect((await pairOf(desks)).requestedAt).toHaveLength(1);
    const denied = { type: 'denied', denial: { code: 138009 } };
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST))).toMatchObject(denied);
    const dial = desks.request({ permission: { mode: 'ask', template: null } });
    expect(await desks.desk.dial(dial)).toMatchObject(denied);
    expect(desks.graph.sent).toHaveLength(1);
  });

  it('is refused outside the window, where the template of the number cannot stand in for it', async () => {
    const desks = await Desks.open({ requestTemplate: TEMPLATE });
    const outcome = await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST));
    expect(outcome).toMatchObject({ type: 'denied', denial: { code: 131047 } });
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(TEMPLATE_MESSAGE))).toMatchObject({ type: 'answered' });
  });

  it('that Graph refuses does not count; one without an answer does', async () => {
    const desks = await Desks.open();
    await desks.userWrites();
    desks.graph.onSend = () => graphRefusal(400, 131026);
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST))).toMatchObject({ refusal: { code: 131026 } });
    expect((await pairOf(desks)).requestedAt).toEqual([]);
    desks.graph.onSend = () => ({ type: 'unknown', answer: null });
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST))).toMatchObject({ type: 'unanswered' });
    expect((await pairOf(desks)).requestedAt).toHaveLength(1);
  });

  it('is told from other messages, which only pass', async () => {
    const desks = await Desks.open();
    const text = { to: USER.waId, type: 'text', text: { body: 'Hello' } };
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(text))).toMatchObject({ type: 'answered' });
    expect(desks.graph.sent).toEqual([text]);
    expect((await pairOf(desks)).requestedAt).toEqual([]);
  });
});

describe('call_permissions for a client', () => {
  it("is Graph's answer with what the ledger knows beyond it", async () => {
    const desks = await openAllowed();
    await desks.clock.advance(5_000);
    desks.graph.onRead = () => ({ type: 'report', at: desks.clock.now(), body: reportOf('temporary') });
    const outcome = await desks.clients.permissions(PHONE_NUMBER_ID, USER);
    expect(outcome).toMatchObject({ type: 'answered', status: 200, body: { permission: { status: 'temporary' } } });
    expect((await pairOf(desks)).live).toMatchObject({ status: 'temporary' });
  });

  it('is the ledger alone while Graph counts too many reads', async () => {
    const desks = await openAllowed();
    desks.graph.onRead = () => graphRefusal(429, 613);
    const outcome = await desks.clients.permissions(PHONE_NUMBER_ID, USER);
    expect(outcome).toMatchObject({ type: 'answered', body: { permission: { status: 'permanent' } } });
  });

  it("is Graph's refusal if it is another", async () => {
    const desks = await openAllowed();
    desks.graph.onRead = () => graphRefusal(401, 190);
    expect(await desks.clients.permissions(PHONE_NUMBER_ID, USER)).toMatchObject({ refusal: { status: 401 } });
    await desks.clock.advance(DAY);
  });
});
