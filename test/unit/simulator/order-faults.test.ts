import { afterEach, describe, expect, it } from 'vitest';
import type { CallManners, FaultInput, SimulatedCall } from '../../../src/simulator/index.ts';
import { ANA, Business, codeOf, MuteRungHandset, OFFER } from './support/business.ts';

describe('faults of a call of the business', () => {
  let business: Business;
  afterEach(() => business.close());

  /** A business whose calls meet these faults; everybody picks up at once. */
  async function start(faults: readonly FaultInput[], manners: CallManners = {}): Promise<void> {
    business = await Business.start({ graphLatencyMs: 0 });
    business.whatsapp.judge.grant({ phoneNumberId: '111', user: ANA }, 'permanent');
    const handset = async (_offer: string, listener: MuteRungHandset['listener']) => new MuteRungHandset(listener);
    business.whatsapp.answerCalls(null, { reply: 'pick_up', afterMs: 0, handset, faults, ...manners });
  }

  async function received(): Promise<SimulatedCall> {
    return business.whatsapp.nextReceived(2_000);
  }

  async function hangUpAndClose(call: SimulatedCall): Promise<void> {
    call.hangUp();
    await call.waitFor('closed', 2_000);
  }

  /** Posts the connect and gives up waiting soon. */
  function connectInVain(): Promise<unknown> {
    const session = { sdp_type: 'offer', sdp: OFFER };
    const body = { messaging_product: 'whatsapp', to: ANA, action: 'connect', session };
    return business.post('111/calls', body, 300);
  }

  it.each(['connect', 'ringing', 'accepted'] as const)('answer the connect after the webhook %s', async (event) => {
    await start([{ type: 'graph.answer_after', action: 'connect', event }]);
    const seen: unknown[] = [];
    await business.connect().then(() => seen.push(...business.events));
    expect(seen).toContain(event === 'connect' ? 'connect' : event.toUpperCase());
  });

  it('answer the connect after a webhook that never comes, when the call is over', async () => {
    await start([{ type: 'graph.answer_after', action: 'connect', event: 'accepted' }], { reply: 'reject' });
    expect((await business.connect()).status).toBe(200);
    expect(business.events).toContain('REJECTED');
    expect(business.events).not.toContain('ACCEPTED');
  });

  it('answer our terminate after the webhook of the end', async () => {
    await start([{ type: 'graph.answer_after', action: 'terminate', event: 'terminate' }]);
    const callId = await business.call();
    await business.webhook('ACCEPTED');
    expect((await business.act('terminate', callId)).status).toBe(200);
    expect(business.events).toContain('terminate');
  });

  it('send ACCEPTED before connect', async () => {
    await start([{ type: 'webhook.hold', event: 'connect', until: 'accepted' }]);
    await business.call();
    const call = await received();
    await call.waitFor('webhook_answered', 2_000);
    expect(business.events.indexOf('ACCEPTED')).toBeLessThan(business.events.indexOf('connect'));
    await hangUpAndClose(call);
  });

  it('let a webhook go that waits for one which will not come', async () => {
    await start([{ type: 'webhook.hold', event: 'connect', until: 'accepted' }], { reply: 'reject' });
    await business.call();
    await (await received()).waitFor('closed', 2_000);
    await business.webhook('connect');
    expect(business.events.indexOf('REJECTED')).toBeLessThan(business.events.indexOf('connect'));
  });

  it('do not wait for ever where two webhooks wait for each other', async () => {
    await start([
      { type: 'webhook.hold', event: 'connect', until: 'ringing' },
      { type: 'webhook.hold', event: 'ringing', until: 'connect' },
    ]);
    await business.call();
    const call = await received();
    await business.webhook('ACCEPTED');
    await hangUpAndClose(call);
    await business.webhook('connect');
    await business.webhook('RINGING');
  });

  it.each<[string, FaultInput[], string[]]>([
    ['lose RINGING', [{ type: 'webhook.lose', event: 'ringing' }], ['ACCEPTED', 'connect', 'terminate']],
    [
      'repeat ACCEPTED',
      [{ type: 'webhook.duplicate', event: 'accepted', copies: 2 }],
      ['ACCEPTED', 'ACCEPTED', 'ACCEPTED', 'RINGING', 'connect', 'terminate'],
    ],
    ['batch connect with the end', [{ type: 'webhook.batch' }], ['ACCEPTED', 'RINGING', 'connect', 'terminate']],
    ['send connect after the end', [{ type: 'webhook.reorder' }], ['ACCEPTED', 'RINGING', 'terminate', 'connect']],
  ])('%s', async (what, faults, events) => {
    await start(faults);
    await business.call();
    const call = await received();
    await business.webhook('ACCEPTED');
    await hangUpAndClose(call);
    const seen = business.events;
    expect(what.startsWith('send') ? seen.slice(-2) : seen.toSorted()).toEqual(
      what.startsWith('send') ? events.slice(-2) : events,
    );
  });

  it.each([true, false])('leave the connect unanswered, with the call placed: %s', async (performed) => {
    await start([{ type: 'graph.timeout', action: 'connect', performed }]);
    await expect(connectInVain()).rejects.toThrow();
    expect(business.whatsapp.received).toHaveLength(performed ? 1 : 0);
    expect(business.whatsapp.graphRequests).toMatchObject([{ action: 'connect', httpStatus: null, performed }]);
  });

  it('break the connection at once in place of silence', async () => {
    await start([{ type: 'graph.timeout', action: 'connect', performed: true, reset: true }]);
    const began = performance.now();
    await expect(business.connect()).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(business.whatsapp.received).toHaveLength(1);
  });

  it.each([true, false])('answer 502 to the connect, with the call placed: %s', async (performed) => {
    await start([{ type: 'graph.fail', action: 'connect', httpStatus: 502, performed }]);
    const answer = await business.connect();
    expect([answer.status, codeOf(answer)]).toEqual([502, 2]);
    expect(business.whatsapp.received).toHaveLength(performed ? 1 : 0);
  });

  it('refuse the second connect with the code of the script, and count from when the manners were given', async () => {
    await start([{ type: 'graph.refuse', action: 'connect', nth: 2, code: 138004 }], { reply: 'reject' });
    await business.call();
    await (await received()).waitFor('closed', 2_000);
    expect(codeOf(await business.connect())).toBe(138004);
    expect((await business.connect()).status).toBe(200);
  });

  it('take their time over a connect, which happens at the end of it', async () => {
    await start([{ type: 'graph.delay', action: 'connect', delayMs: 250 }]);
    const began = performance.now();
    await business.call();
    expect(performance.now() - began).toBeGreaterThanOrEqual(249);
    expect((await (await received()).report()).setup.ringingMs ?? 0).toBeLessThan(249);
  });

  it('fail a permission request that was sent all the same', async () => {
    business = await Business.start({ faults: [{ type: 'graph.fail', action: 'message' }] });
    expect((await business.ask('template')).status).toBe(500);
    expect(codeOf(await business.post('111/messages', {}))).toBe(100);
    expect(business.whatsapp.judge.checkRequest({ phoneNumberId: '111', user: ANA }, 'template')?.code).toBe(138009);
  });

  it('repeat a permission reply', async () => {
    business = await Business.start({ faults: [{ type: 'webhook.duplicate', event: 'permission_reply', copies: 1 }] });
    await business.whatsapp.grant(ANA, 'permanent');
    expect(business.events).toEqual(['call_permission_reply', 'call_permission_reply']);
  });
});
