import { afterEach, describe, expect, it } from 'vitest';
import type { CallManners, SimulatedWhatsAppOptions } from '../../../src/simulator/index.ts';
import { sdpAnswer } from '../../support/sdp-answer.ts';
import { ANA, Business, codeOf, MuteRungHandset, OFFER } from './support/business.ts';

describe('a call of the business', () => {
  let business: Business;
  let handset: MuteRungHandset | null = null;
  afterEach(() => business.close());

  /** A business that everybody allows to call them, and mute phones. */
  async function start(manners: CallManners = {}, changes: Partial<SimulatedWhatsAppOptions> = {}): Promise<Business> {
    business = await Business.start(changes);
    answer(manners);
    business.whatsapp.judge.grant({ phoneNumberId: '111', user: ANA }, 'permanent');
    return business;
  }

  function answer(manners: CallManners): void {
    business.whatsapp.answerCalls(null, {
      reply: 'pick_up',
      afterMs: 0,
      handset: async (_offer, listener) => {
        handset = new MuteRungHandset(listener);
        return handset;
      },
      ...manners,
    });
  }

  it('rings, is picked up and ended by the business, and every webhook echoes the opaque data', async () => {
    const { whatsapp } = await start();
    const callId = await business.call({ biz_opaque_callback_data: 'corr-1' });
    const call = await whatsapp.nextReceived(2_000);
    expect(call).toMatchObject({ callId, direction: 'outbound' });
    await call.waitFor('accepted', 2_000);
    await business.webhook('ACCEPTED');
    expect(handset?.happened).toEqual(['picked up']);
    expect((await business.act('terminate', callId)).body).toEqual({ messaging_product: 'whatsapp', success: true });
    await call.waitFor('closed', 2_000);
    expect(handset?.happened).toEqual(['picked up', 'closed']);
    expect(business.events.toSorted()).toEqual(['ACCEPTED', 'RINGING', 'connect', 'terminate']);
    expect(await business.webhook('connect')).toEqual({
      id: callId,
      from: '15550001111',
      to: ANA,
      to_user_id: expect.stringMatching(/^US\./),
      event: 'connect',
      timestamp: expect.stringMatching(/^\d{10}$/),
      direction: 'BUSINESS_INITIATED',
      biz_opaque_callback_data: 'corr-1',
      session: { sdp_type: 'answer', sdp: 'v=0\r\n' },
      connection: { webrtc: { sdp: expect.any(String) } },
    });
    expect(await business.webhook('ACCEPTED')).toEqual({
      id: callId,
      type: 'call',
      status: 'ACCEPTED',
      timestamp: expect.stringMatching(/^\d{10}$/),
      recipient_id: ANA,
      recipient_user_id: expect.stringMatching(/^US\./),
      biz_opaque_callback_data: 'corr-1',
    });
    expect(await business.webhook('terminate')).toMatchObject({
      id: callId,
      status: 'COMPLETED',
      direction: 'BUSINESS_INITIATED',
      start_time: expect.any(String),
      end_time: expect.any(String),
      duration: expect.any(Number),
      biz_opaque_callback_data: 'corr-1',
    });
    expect(call.endedBy).toBe('business');
  });

  it('counts its set-up from the request', async () => {
    await start({ answerAfterMs: 40, afterMs: 40 });
    await business.call();
    const call = await business.whatsapp.nextReceived(2_000);
    await call.waitFor('accepted', 2_000);
    const { setup } = await call.report();
    expect(setup.ringingMs).toBeGreaterThanOrEqual(65);
    expect(setup.acceptedMs).toBeGreaterThanOrEqual(105);
    expect(setup.acceptedMs).toBeLessThan(2_000);
  });

  it('is declined: REJECTED, then terminate without times', async () => {
    await start({ reply: 'reject' });
    await business.call();
    const call = await business.whatsapp.nextReceived(2_000);
    await call.waitFor('closed', 2_000);
    expect(call.endedBy).toBe('user');
    expect(business.events.slice(-2)).toEqual(['REJECTED', 'terminate']);
    const terminate = await business.webhook('terminate');
    expect(terminate).toMatchObject({ status: 'COMPLETED' });
    expect(terminate).not.toHaveProperty('start_time');
    expect(terminate).not.toHaveProperty('duration');
    expect(handset?.happened).toEqual(['closed']);
  });

  it('rings until WhatsApp gives up, which is COMPLETED without times', async () => {
    await start({ reply: 'ignore' }, { ringTimeoutMs: 60 });
    await business.call();
    const call = await business.whatsapp.nextReceived(2_000);
    await call.waitFor('closed', 2_000);
    expect(call.endedBy).toBe('meta');
    expect(business.events.toSorted()).toEqual(['RINGING', 'connect', 'terminate']);
    expect(await business.webhook('terminate')).not.toHaveProperty('start_time');
  });

  it('is cancelled by the business while it rings', async () => {
    await start({ reply: 'ignore' });
    const callId = await business.call();
    const call = await business.whatsapp.nextReceived(2_000);
    await call.waitFor('ringing', 2_000);
    expect((await business.act('terminate', callId)).status).toBe(200);
    await call.waitFor('closed', 2_000);
    expect(await business.webhook('terminate')).not.toHaveProperty('start_time');
    expect(codeOf(await business.act('terminate', callId))).toBe(100);
  });

  it('is picked up and dropped by the user after a time', async () => {
    await start({ hangUpAfterMs: 40 });
    await business.call();
    const call = await business.whatsapp.nextReceived(2_000);
    await call.waitFor('closed', 2_000);
    expect(call.endedBy).toBe('user');
    expect(await business.webhook('terminate')).toMatchObject({ start_time: expect.any(String) });
    expect(business.events).not.toContain('REJECTED');
  });

  it('is hung up by the user when told to, and declined when it still rings', async () => {
    await start({ reply: 'ignore' });
    await business.call();
    const call = await business.whatsapp.nextReceived(2_000);
    await call.waitFor('ringing', 2_000);
    call.hangUp();
    await call.waitFor('closed', 2_000);
    expect(business.events).toContain('REJECTED');
  });

  it('is taken by the person who has the handset', async () => {
    await start({ reply: 'ignore' });
    await business.call();
    const call = await business.whatsapp.nextReceived(2_000);
    await call.waitFor('ringing', 2_000);
    handset?.listener.onPickUp();
    handset?.listener.onPickUp();
    await business.webhook('ACCEPTED');
    handset?.listener.onReject();
    expect(handset?.happened).toEqual(['picked up']);
    handset?.listener.onHangUp();
    await call.waitFor('closed', 2_000);
    expect(business.events.filter((event) => event === 'ACCEPTED')).toHaveLength(1);
  });

  it('fails with 138021 when its phone got no media, and with 138019 when there is no phone', async () => {
    await start();
    await business.call();
    const call = await business.whatsapp.nextReceived(2_000);
    await call.waitFor('accepted', 2_000);
    handset?.listener.onDropped(20_000);
    await call.waitFor('closed', 2_000);
    expect(await business.webhook('terminate')).toMatchObject({ status: 'FAILED', errors: [{ code: 138021 }] });
    answer({ handset: () => Promise.reject(new Error('no socket')) });
    await business.call();
    const second = await business.whatsapp.nextReceived(2_000);
    await second.waitFor('closed', 2_000);
    expect(second.timeline).toContainEqual(expect.objectContaining({ type: 'handset.failed' }));
    expect(JSON.stringify(business.catcher.caught.at(-1)?.values)).toContain('138019');
  });

  it('is ended by nothing but terminate', async () => {
    await start({ reply: 'ignore' });
    const callId = await business.call();
    for (const action of ['reject', 'accept']) {
      expect(codeOf(await business.act(action, callId))).toBe(100);
    }
    expect(business.whatsapp.liveCalls).toBe(1);
  });

  it('cannot reach a user who is unreachable', async () => {
    await start({ reply: 'unreachable' });
    const refusal = await business.connect();
    expect([refusal.status, codeOf(refusal)]).toEqual([400, 138001]);
    expect(business.whatsapp.received).toEqual([]);
  });

  it('goes to each user as their manners say, and to the others as everybody’s do', async () => {
    await start({ reply: 'reject' });
    business.whatsapp.answerCalls({ waId: ANA }, { reply: 'unreachable' });
    business.whatsapp.judge.grant({ phoneNumberId: '111', user: '14085550001' }, 'permanent');
    expect(codeOf(await business.connect())).toBe(138001);
    expect((await business.connect({ to: '+1 (408) 555-0001' })).status).toBe(200);
  });

  it('reaches the same user by number and by BSUID', async () => {
    await start({ reply: 'ignore' });
    await business.call();
    const connect = await business.webhook('connect');
    expect(codeOf(await business.connect({ to: undefined, recipient: connect['to_user_id'] }))).toBe(138003);
  });

  it('tells a user without a number by BSUID only', async () => {
    await start();
    await business.whatsapp.grant('US.abc123', 'temporary');
    await business.call({ to: undefined, recipient: 'US.abc123' });
    const connect = await business.webhook('connect');
    expect(connect).toMatchObject({ to_user_id: 'US.abc123' });
    expect(connect).not.toHaveProperty('to');
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['nobody', { to: undefined }, /to or recipient/],
    ['a number that is none', { to: 'Ana' }, /phone number/],
    ['a BSUID that is none', { to: undefined, recipient: 'ana' }, /user id/],
    ['no session', { session: undefined }, /session is required/],
    ['an answer', { session: { sdp_type: 'answer', sdp: OFFER } }, /sdp_type must be offer/],
    ['an offer that is active', { session: { sdp_type: 'offer', sdp: sdpAnswer() } }, /offer must be actpass/],
    [
      'two fingerprints',
      {
        session: {
          sdp_type: 'offer',
          sdp: sdpAnswer({
            'a=setup': 'a=setup:actpass',
            'a=fingerprint': ['a=fingerprint:sha-256 AB', 'a=fingerprint:sha-256 AB'],
          }),
        },
      },
      /exactly one fingerprint/,
    ],
    ['513 characters of opaque data', { biz_opaque_callback_data: 'x'.repeat(513) }, /512/],
  ])('is refused with code 100 for %s', async (_what, more, details) => {
    await start();
    const refusal = await business.connect(more);
    expect([refusal.status, codeOf(refusal)]).toEqual([400, 100]);
    expect(JSON.stringify(refusal.body)).toMatch(details);
    expect(business.whatsapp.received).toEqual([]);
  });

  it('is refused in the words of the judge, and the connected-call limit names the next time', async () => {
    await start({}, { limits: { connectedPerDay: 1 } });
    const callId = await business.call();
    await business.webhook('ACCEPTED');
    expect(codeOf(await business.connect())).toBe(138012);
    await business.act('terminate', callId);
    const refusal = await business.connect();
    expect([refusal.status, codeOf(refusal)]).toEqual([400, 138012]);
    expect(JSON.stringify(refusal.body)).toMatch(/allowed at \d{10}\./);
    expect(business.whatsapp.judge.refusals).toHaveLength(2);
    expect(
      business.whatsapp.graphRequests.map(({ action, callId: id, httpStatus }) => [action, id, httpStatus]),
    ).toEqual([
      ['connect', callId, 200],
      ['connect', null, 400],
      ['terminate', callId, 200],
      ['connect', null, 400],
    ]);
  });

  it('takes the permission back after the fourth that nobody took, and says so by itself', async () => {
    await start({ reply: 'reject' });
    for (let n = 0; n < 4; n += 1) {
      await business.call();
      await (await business.whatsapp.nextReceived(2_000)).waitFor('closed', 2_000);
    }
    expect(await business.webhook('call_permission_reply')).toMatchObject({
      from: ANA,
      type: 'interactive',
      interactive: { call_permission_reply: { response: 'reject', response_source: 'automatic' } },
    });
    expect(await business.webhook('call_permission_reply')).not.toHaveProperty('context');
    expect(codeOf(await business.connect())).toBe(138006);
    const notes = business.whatsapp.received.map(
      ({ timeline }) => timeline.find(({ type }) => type.startsWith('permission.'))?.type,
    );
    expect(notes).toEqual([undefined, 'permission.notice', undefined, 'permission.revoked']);
  });

  it('belongs to its number', async () => {
    await start({ reply: 'ignore' }, { phoneNumbers: [{ phoneNumberId: '222', displayPhoneNumber: '15550002222' }] });
    expect(codeOf(await business.connect({}, '222'))).toBe(138006);
    await business.whatsapp.grant(ANA, 'temporary', '222');
    expect((await business.connect({}, '222')).status).toBe(200);
    expect((await business.connect()).status).toBe(200);
    const call = await business.whatsapp.nextReceived(2_000);
    expect(call.phoneNumberId).toBe('222');
    expect(codeOf(await business.act('terminate', call.callId))).toBe(100);
    expect(await business.webhook('connect')).toMatchObject({ from: '15550002222' });
  });

  it('says in a sentence that nobody was called', async () => {
    await start();
    await expect(business.whatsapp.nextReceived(20)).rejects.toThrow('The business called nobody within 20 ms.');
  });

  it('goes away without a word while it rings', async () => {
    await start({ reply: 'ignore' });
    await business.call();
    await business.webhook('RINGING');
    await business.whatsapp.close();
    expect(handset?.happened).toEqual(['closed']);
    expect(business.events).not.toContain('terminate');
  });
});
