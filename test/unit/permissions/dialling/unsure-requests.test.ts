import { describe, expect, it } from 'vitest';
import type { GraphSent } from '../../../../src/permissions/index.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { countOf, Desks, reportOf } from '../../../support/desks.ts';
import { USER } from '../../../support/dial-order.ts';
import { asClient, graphRefusal } from '../../../support/scripted-permission-graph.ts';
import { DAY, HOUR, SECOND } from '../permission-state.ts';

const ask = { permission: { mode: 'ask', template: null } } as const;
const REQUEST = { to: USER.waId, type: 'interactive', interactive: { type: 'call_permission_request' } };
const SILENCE = { type: 'unknown', answer: null } as const;
const MINUTE = 60 * SECOND;

/** From now on Graph reports this. */
function reports(desks: Desks, body: object): void {
  desks.graph.onRead = () => ({ type: 'report', at: desks.clock.now(), body });
}

/** Graph gives no answer to so many requests. */
function silent({ graph }: Desks, times: number): void {
  const { onSend } = graph;
  let left = times;
  graph.onSend = () => {
    left -= 1;
    return left < 0 ? onSend() : SILENCE;
  };
}

/** Graph takes its time for every request: forever, unless the test says otherwise. */
function slow({ graph }: Desks) {
  const answer = Promise.withResolvers<GraphSent>();
  graph.onSend = () => answer.promise;
  return answer;
}

/** A user who has just written. Graph counts no request. */
async function openWindow(rules = {}): Promise<Desks> {
  const desks = await Desks.open(rules);
  reports(desks, countOf(0));
  await desks.userWrites();
  desks.desk.start();
  return desks;
}

/** A user who was asked for permission; Graph did not answer, and reports this from then on. */
async function openUnsure(body: object, rules = {}) {
  const desks = await openWindow(rules);
  silent(desks, 1);
  const request = desks.request(ask);
  await desks.desk.dial(request);
  reports(desks, body);
  return { desks, id: request.id };
}

/** A process that died while it asked a user, and the one after it. */
async function openAfterCrash(body: object) {
  const died = await openWindow();
  slow(died);
  const request = died.request(ask);
  void died.desk.dial(request);
  await died.clock.advance(SECOND);
  expect(died.graph.sent).toHaveLength(1);
  const desks = await Desks.open({}, died);
  reports(desks, body);
  return { desks, id: request.id };
}

const pairOf = async ({ database, clock }: Desks) =>
  (await database.permissions.read(PHONE_NUMBER_ID, USER, clock.now())).pair;
const waitingOf = ({ database }: Desks, id: string) => database.permissions.waiting(id);
const asked = async ({ database }: Desks, id: string) =>
  (await database.calls.timeline(id)).map(({ type }) => type).filter((type) => type.startsWith('permission_'));

describe('a request that Graph did not answer', () => {
  it('and never had is sent again, once, and counts once', async () => {
    const { desks, id } = await openUnsure(countOf(0));
    await desks.clock.advance(9 * SECOND);
    expect(desks.graph.sent).toHaveLength(1);
    await desks.clock.advance(2 * SECOND);
    expect(desks.graph.sent).toHaveLength(2);
    expect(await asked(desks, id)).toEqual(['permission_asked', 'permission_request_lost', 'permission_asked']);
    expect((await pairOf(desks)).requestedAt).toHaveLength(1);
    reports(desks, countOf(1));
    await desks.clock.advance(DAY);
    expect(desks.graph.sent).toHaveLength(2);
    await desks.userSays('accept', { contextId: 'wamid.2' });
    expect(desks.calls.placed).toMatchObject([{ id }]);
  });

  it.each([
    ['counts', countOf(1)],
    ['may count among those of others', countOf(2)],
    ['does not tell of', reportOf('no_permission')],
    ['tells of in words that nobody knows', { messaging_product: 'whatsapp' }],
  ])('and %s is waited for, and not sent again', async (_, body) => {
    const { desks, id } = await openUnsure(body);
    await desks.clock.advance(HOUR);
    expect(desks.graph.sent).toHaveLength(1);
    expect((await pairOf(desks)).pendingRequest).not.toBeNull();
    await desks.userSays('accept');
    expect(desks.calls.placed).toMatchObject([{ id }]);
  });

  it('is told from one that it took before', async () => {
    const { desks } = await openUnsure(countOf(0));
    await desks.clock.advance(11 * SECOND);
    await desks.userSays('reject', { contextId: 'wamid.2' });
    await desks.clock.advance(2 * DAY);
    await desks.userWrites();
    reports(desks, countOf(0, 1));
    silent(desks, 1);
    await desks.desk.dial(desks.request(ask));
    expect(desks.graph.sent).toHaveLength(3);
    await desks.clock.advance(11 * SECOND);
    expect(desks.graph.sent).toHaveLength(4);
  });

  it('is not looked for once the user has answered it', async () => {
    const { desks } = await openUnsure(countOf(0));
    const reads = desks.graph.reads.length;
    await desks.userSays('reject');
    await desks.clock.advance(HOUR);
    expect(desks.graph.reads).toHaveLength(reads);
    expect(desks.graph.sent).toHaveLength(1);
  });

  it('counts no more once it is known to be lost, though its dial was taken back', async () => {
    const { desks, id } = await openUnsure(countOf(0));
    await desks.desk.cancel(id);
    expect((await pairOf(desks)).pendingRequest).not.toBeNull();
    await desks.clock.advance(11 * SECOND);
    expect(await pairOf(desks)).toMatchObject({ pendingRequest: null, requestedAt: [] });
    expect(desks.graph.sent).toHaveLength(1);
  });

  it('is looked for when a call with the user is over, if that was not picked up', async () => {
    for (const isPickedUp of [false, true]) {
      const { desks } = await openUnsure(countOf(0));
      const call = callIdentity();
      const { calls } = desks.database;
      await calls.create(call, 'ringing', desks.clock.now(), null);
      await desks.clock.advance(5 * MINUTE);
      expect(desks.graph.sent).toHaveLength(1);
      const at = desks.clock.now();
      const ending = { class: 'missed', reason: 'caller_gave_up', endedBy: 'user', detail: null } as const;
      await calls.update(call.id, { ending, ...(isPickedUp && { sessionStartedAt: at }) }, at);
      await desks.clock.advance(5 * MINUTE);
      expect(desks.graph.sent).toHaveLength(isPickedUp ? 1 : 2);
    }
  });

  it('is looked for again if Graph cannot be asked, a few times, and then by the next process', async () => {
    const { desks, id } = await openUnsure(countOf(0));
    desks.graph.onRead = () => SILENCE;
    const before = desks.graph.reads.length;
    await desks.clock.advance(MINUTE);
    expect(desks.graph.reads.length - before).toBe(2);
    await desks.clock.advance(DAY);
    expect(desks.graph.reads.length - before).toBe(5);
    expect(await waitingOf(desks, id)).toMatchObject({ state: 'awaiting_permission', nextAt: null });
    const next = await Desks.open({}, desks);
    reports(next, countOf(0));
    await next.userWrites();
    next.desk.start();
    await next.clock.advance(11 * SECOND);
    expect(next.graph.sent).toHaveLength(1);
  });

  it('is settled as soon as Graph can be asked again', async () => {
    const { desks } = await openUnsure(countOf(0));
    desks.graph.onRead = () => graphRefusal(429, 613);
    await desks.clock.advance(30 * SECOND);
    reports(desks, countOf(0));
    await desks.clock.advance(2 * MINUTE);
    expect(desks.graph.sent).toHaveLength(2);
    expect(desks.faults).toEqual([]);
  });

  it('is sent more and more seldom if Graph never has it', async () => {
    const { desks } = await openUnsure(countOf(0));
    silent(desks, 1_000);
    await desks.clock.advance(10 * MINUTE);
    expect(desks.graph.sent).toHaveLength(4);
    await desks.clock.advance(HOUR);
    expect(desks.graph.sent).toHaveLength(6);
    // From then on every six hours.
    await desks.clock.advance(20 * HOUR);
    expect(desks.graph.sent).toHaveLength(9);
  });

  it('lets its dial go on if the user allows calls by now, though no webhook says so', async () => {
    const { desks, id } = await openUnsure(countOf(1, 1, 'temporary'));
    await desks.clock.advance(11 * SECOND);
    expect(desks.calls.placed).toMatchObject([{ id }]);
    expect(desks.graph.sent).toHaveLength(1);
  });

  it('is not looked for any more when the desk stops', async () => {
    const { desks } = await openUnsure(countOf(0));
    const reads = desks.graph.reads.length;
    await desks.desk.stop();
    expect(desks.clock.pending).toBe(0);
    await desks.clock.advance(DAY);
    expect(desks.graph.reads).toHaveLength(reads);
  });

  it('leaves most of the rate of reads to others, however many there are', async () => {
    const rules = { requestTemplate: { name: 'may_we', language: 'de', components: [] } };
    const died = await openWindow(rules);
    silent(died, 20);
    for (let n = 10; n < 30; n += 1) {
      await died.desk.dial(died.request({ ...ask, user: { waId: `49151123456${n}`, userId: null } }));
      await died.clock.advance(300);
    }
    const desks = await Desks.open(rules, died);
    const read: number[] = [];
    desks.graph.onRead = () => {
      read.push(desks.clock.now());
      return { type: 'report', at: desks.clock.now(), body: countOf(1) };
    };
    desks.desk.start();
    await desks.clock.advance(MINUTE);
    expect(read).toHaveLength(20);
    for (const at of read) expect(read.filter((time) => time >= at && time < at + SECOND).length).toBeLessThan(4);
  });
});

describe('a request that is being sent', () => {
  it('is not looked at, however long it takes', async () => {
    const desks = await openWindow();
    const answer = slow(desks);
    const dialling = desks.desk.dial(desks.request(ask));
    // As `start` is called when the service already listens.
    desks.desk.start();
    await desks.clock.advance(HOUR);
    expect((await pairOf(desks)).pendingRequest).not.toBeNull();
    answer.resolve({ type: 'sent', messageId: 'wamid.1', body: {} });
    expect(await dialling).toMatchObject({ state: 'awaiting_permission' });
    await desks.clock.advance(HOUR);
    expect(await pairOf(desks)).toMatchObject({ pendingRequest: { at: desks.clock.now() - HOUR } });
    expect(desks.graph.sent).toHaveLength(1);
  });

  it('stays if Graph names it while a report that does not count it is on its way', async () => {
    const { desks, id } = await openUnsure(countOf(0));
    const { permissions } = desks.database;
    const [requestId = ''] = await permissions.unsureRequests(0, desks.clock.now() + 1);
    const seen = await permissions.unsureRequest(requestId);
    await permissions.requestSent(requestId, 'wamid.1', desks.clock.now());
    await permissions.requestLost(seen!, desks.clock.now());
    await desks.clock.advance(HOUR);
    expect((await pairOf(desks)).pendingRequest).toMatchObject({ id: requestId });
    expect(await waitingOf(desks, id)).toMatchObject({ nextAt: null });
    expect(desks.graph.sent).toHaveLength(1);
  });

  it('is looked for if its refusal could not be written down', async () => {
    const desks = await openWindow();
    const { onSend } = desks.graph;
    desks.graph.onSend = () => graphRefusal(400, 131026);
    const { permissions } = desks.database;
    const { giveUp } = permissions;
    permissions.giveUp = async () => {
      throw new Error('the database is away');
    };
    const request = desks.request(ask);
    await expect(desks.desk.dial(request)).rejects.toThrow('away');
    permissions.giveUp = giveUp;
    desks.graph.onSend = onSend;
    await desks.clock.advance(11 * SECOND);
    expect(desks.graph.sent).toHaveLength(2);
    expect(await asked(desks, request.id)).toHaveLength(3);
  });
});

describe('a request that a process was sending when it died', () => {
  it('and Graph never had is sent by the next one, once', async () => {
    const { desks, id } = await openAfterCrash(countOf(0));
    desks.desk.start();
    await desks.clock.advance(9 * SECOND);
    expect(desks.graph.sent).toEqual([]);
    await desks.clock.advance(2 * SECOND);
    expect(desks.graph.sent).toHaveLength(1);
    reports(desks, countOf(1));
    await desks.clock.advance(DAY);
    expect(desks.graph.sent).toHaveLength(1);
    await desks.userSays('accept');
    expect(desks.calls.placed).toMatchObject([{ id }]);
  });

  it('and Graph counts is waited for', async () => {
    const { desks, id } = await openAfterCrash(countOf(1));
    desks.desk.start();
    await desks.clock.advance(DAY);
    expect(desks.graph.sent).toEqual([]);
    await desks.userSays('accept');
    expect(desks.calls.placed).toMatchObject([{ id }]);
  });

  it('is not looked for if it was named', async () => {
    const died = await openWindow();
    await died.desk.dial(died.request(ask));
    const desks = await Desks.open({}, died);
    reports(desks, countOf(0));
    desks.desk.start();
    await desks.clock.advance(DAY);
    expect([desks.graph.reads, desks.graph.sent]).toEqual([[], []]);
  });

  it('is sent though the process after it died as well, when it had just found it lost', async () => {
    const { desks: died, id } = await openAfterCrash(countOf(0));
    const { permissions } = died.database;
    const [requestId = ''] = await permissions.unsureRequests(0, died.clock.now());
    await permissions.requestLost((await permissions.unsureRequest(requestId))!, died.clock.now());
    const desks = await Desks.open({}, died);
    reports(desks, countOf(0));
    desks.desk.start();
    await desks.clock.advance(SECOND);
    expect(desks.graph.sent).toHaveLength(1);
    expect(await waitingOf(desks, id)).toMatchObject({ state: 'awaiting_permission' });
  });

  it('is sent once by two processes at once', async () => {
    const { desks: one, id } = await openAfterCrash(countOf(0));
    const other = await Desks.open({}, one);
    reports(other, countOf(0));
    one.desk.start();
    other.desk.start();
    for (let times = 0; times < 60; times += 1) {
      await Promise.all([one.clock.advance(SECOND), other.clock.advance(SECOND)]);
    }
    expect(one.graph.sent.length + other.graph.sent.length).toBe(1);
    expect(await waitingOf(one, id)).toMatchObject({ state: 'awaiting_permission' });
    await one.userSays('accept');
    await Promise.all([one.clock.advance(MINUTE), other.clock.advance(MINUTE)]);
    expect([...one.calls.placed, ...other.calls.placed]).toMatchObject([{ id }]);
  });
});

describe('an answer to a request that was taken for lost', () => {
  it('counts, and its dial is placed once', async () => {
    const { desks, id } = await openUnsure(countOf(0));
    await desks.clock.advance(11 * SECOND);
    expect(desks.graph.sent).toHaveLength(2);
    await desks.userSays('accept', { contextId: 'wamid.late' });
    expect((await pairOf(desks)).grant).toMatchObject({ status: 'permanent', source: 'request' });
    expect(desks.calls.placed).toMatchObject([{ id }]);
    await desks.userSays('accept', { contextId: 'wamid.2' });
    expect(desks.calls.placed).toHaveLength(1);
  });

  it('comes while it is asked for anew, and its dial is placed once', async () => {
    const { desks, id } = await openUnsure(countOf(0));
    const answer = slow(desks);
    await desks.clock.advance(11 * SECOND);
    expect(desks.graph.sent).toHaveLength(2);
    await desks.userSays('accept', { contextId: 'wamid.late' });
    answer.resolve({ type: 'sent', messageId: 'wamid.2', body: {} });
    await desks.clock.advance(MINUTE);
    expect(desks.calls.placed).toMatchObject([{ id }]);
  });

  it.each([138009, 138017])('is waited for if Graph refuses to send another with %i', async (code) => {
    const { desks, id } = await openUnsure(countOf(0));
    desks.graph.onSend = () => graphRefusal(400, code);
    await desks.clock.advance(11 * SECOND);
    expect(desks.graph.sent).toHaveLength(2);
    expect(await waitingOf(desks, id)).toMatchObject({ state: 'awaiting_permission', nextAt: null });
    await desks.userSays('accept', { contextId: 'wamid.late' });
    expect(desks.calls.placed).toMatchObject([{ id }]);
  });

  it('ends its dial if it is a no', async () => {
    const { desks, id } = await openUnsure(countOf(0));
    await desks.clock.advance(11 * SECOND);
    await desks.userSays('reject', { contextId: 'wamid.late' });
    expect(await desks.endingOf(id)).toBe('permission_declined');
    await desks.clock.advance(DAY);
    expect(desks.graph.sent).toHaveLength(2);
  });

  it('is not waited for if nobody was asked before', async () => {
    const desks = await openWindow();
    desks.graph.onSend = () => graphRefusal(400, 138009);
    const request = desks.request(ask);
    expect(await desks.desk.dial(request)).toMatchObject({ type: 'refused', refusal: { code: 138009 } });
    expect(await desks.endingOf(request.id)).toBe('request_refused');
  });

  it('is not waited for if the user cannot be asked anew for another reason', async () => {
    const { desks, id } = await openUnsure(countOf(0));
    desks.graph.onSend = () => graphRefusal(400, 131026);
    await desks.clock.advance(11 * SECOND);
    expect(await desks.endingOf(id)).toBe('request_refused');
  });
});

describe("a client's request that Graph did not answer", () => {
  it('and never had leaves room for another', async () => {
    const desks = await openWindow();
    silent(desks, 1);
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST))).toMatchObject({ type: 'unanswered' });
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST))).toMatchObject({
      denial: { reason: 'request_pending' },
    });
    await desks.clock.advance(11 * SECOND);
    expect(desks.graph.sent).toHaveLength(1);
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST))).toMatchObject({ type: 'answered' });
  });

  it('and counts keeps its place', async () => {
    const desks = await openWindow();
    silent(desks, 1);
    await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST));
    reports(desks, countOf(1));
    await desks.clock.advance(11 * SECOND);
    expect(await desks.clients.send(PHONE_NUMBER_ID, asClient(REQUEST))).toMatchObject({
      denial: { reason: 'request_pending' },
    });
  });
});
