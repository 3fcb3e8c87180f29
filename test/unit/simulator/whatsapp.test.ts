import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type {
  CallOptions,
  Handset,
  HandsetListener,
  SimulatedWhatsApp,
  SimulatedWhatsAppOptions,
} from '../../../src/simulator/index.ts';
import { sdpAnswer } from '../../support/sdp-answer.ts';
import { startCaughtWhatsApp } from './support/business.ts';

/** A handset without media that keeps what happens to it. */
class MuteHandset implements Handset {
  readonly offer = 'v=0\r\n';
  readonly listener: HandsetListener;
  readonly happened: string[] = [];

  constructor(listener: HandsetListener) {
    this.listener = listener;
  }

  async applyAnswer(): Promise<void> {
    this.happened.push('answer');
  }

  accepted(): void {
    this.happened.push('accepted');
  }

  async close(): Promise<void> {
    this.happened.push('closed');
  }
}

describe('a simulated WhatsApp', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  async function start(changes: Partial<SimulatedWhatsAppOptions> = {}) {
    const { catcher, whatsapp } = await startCaughtWhatsApp({ webhookRetryDelaysMs: [], ...changes });
    opened.push(catcher, whatsapp);
    return { catcher, whatsapp, ...talker(whatsapp) };
  }

  function talker(whatsapp: SimulatedWhatsApp) {
    let handset: MuteHandset | null = null;
    return {
      call: (options: CallOptions = {}) =>
        whatsapp.call({
          handset: async (listener) => {
            handset = new MuteHandset(listener);
            return handset;
          },
          ...options,
        }),
      handset: (): MuteHandset => {
        if (handset === null) throw new Error('no call was placed');
        return handset;
      },
      act: async (callId: string, action: string, more: object = {}): Promise<number> => {
        const session = action.includes('accept') ? { session: { sdp_type: 'answer', sdp: sdpAnswer() } } : {};
        const response = await request(`${whatsapp.graphUrl}/v24.0/111/calls`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: 'Bearer token' },
          body: JSON.stringify({ messaging_product: 'whatsapp', call_id: callId, action, ...session, ...more }),
        });
        await response.body.dump();
        return response.statusCode;
      },
    };
  }

  it('rings, is answered, and tells the end of a call that the business ended with its times', async () => {
    const { catcher, call, act, handset } = await start();
    const placed = await call();
    await placed.waitFor('webhook_answered', 2_000);
    expect(await act(placed.callId, 'pre_accept')).toBe(200);
    expect(await act(placed.callId, 'accept', { biz_opaque_callback_data: 'corr' })).toBe(200);
    expect(handset().happened).toEqual(['answer', 'accepted']);
    expect(await act(placed.callId, 'terminate')).toBe(200);
    await placed.waitFor('closed', 2_000);
    expect(catcher.events).toEqual(['connect', 'terminate']);
    expect(catcher.caught[1]?.values[0]?.calls[0]).toMatchObject({
      id: placed.callId,
      status: 'COMPLETED',
      start_time: expect.any(String),
      end_time: expect.any(String),
      duration: expect.any(Number),
      biz_opaque_callback_data: 'corr',
    });
    expect(placed.endedBy).toBe('business');
    expect(handset().happened).toEqual(['answer', 'accepted', 'closed']);
    expect(await act(placed.callId, 'terminate')).toBe(400);
  });

  it('tells the end without times when the user gave up before accept', async () => {
    const { catcher, call, act } = await start();
    const placed = await call();
    await act(placed.callId, 'pre_accept');
    placed.hangUp();
    placed.hangUp();
    await placed.waitFor('closed', 2_000);
    expect(catcher.events).toEqual(['connect', 'terminate']);
    expect(catcher.caught[1]?.values[0]?.calls[0]).not.toHaveProperty('start_time');
    expect(placed.endedBy).toBe('user');
  });

  it('gives a call up that is not accepted in time, and answers the late accept with 138007', async () => {
    const { catcher, call, act, whatsapp } = await start({ acceptTimeoutMs: 40 });
    const placed = await call();
    await placed.waitFor('closed', 2_000);
    expect(placed.endedBy).toBe('meta');
    expect(catcher.caught[1]?.values[0]?.calls[0]).toMatchObject({ event: 'terminate', status: 'COMPLETED' });
    expect(await act(placed.callId, 'accept')).toBe(500);
    expect(whatsapp.graphRequests.at(-1)?.error?.code).toBe(138007);
  });

  it('fails a call whose phone got no media, with error 138021 in both places and times', async () => {
    const { catcher, call, act, handset } = await start();
    const placed = await call();
    await act(placed.callId, 'accept');
    handset().listener.onDropped(20_000);
    await placed.waitFor('closed', 2_000);
    const value = catcher.caught[1]?.values[0];
    expect(value?.errors?.[0]).toMatchObject({
      code: 138021,
      error_data: { details: expect.stringContaining('20 s') },
    });
    expect(value?.calls[0]).toMatchObject({ status: 'FAILED', start_time: expect.any(String), errors: value?.errors });
  });

  it('has one call per user at a time', async () => {
    const { call } = await start();
    const user = { waId: '14085550000' };
    const first = await call({ user });
    await expect(call({ user })).rejects.toThrow(/138003/);
    first.hangUp();
    await first.waitFor('ended', 2_000);
    await expect(call({ user })).resolves.toBeDefined();
  });

  it('is free of a call whose handset could not be opened', async () => {
    const { call, whatsapp } = await start();
    const user = { waId: '14085550000' };
    await expect(call({ user, handset: () => Promise.reject(new Error('no socket')) })).rejects.toThrow('no socket');
    expect(whatsapp.liveCalls).toBe(0);
    await expect(call({ user })).resolves.toBeDefined();
  });

  it('repeats, loses and delays webhooks as the faults say', async () => {
    const { catcher, call } = await start();
    const placed = await call({
      faults: [
        { type: 'webhook.duplicate', event: 'connect', copies: 2 },
        { type: 'webhook.lose', event: 'terminate' },
      ],
    });
    await catcher.deliveries(3);
    placed.hangUp();
    await placed.waitFor('closed', 2_000);
    expect(catcher.events).toEqual(['connect', 'connect', 'connect']);
    expect(catcher.caught[1]?.raw.equals(catcher.caught[0]?.raw ?? Buffer.alloc(0))).toBe(true);
  });

  it('keeps the time of an event whose webhook is delayed', async () => {
    const { catcher, call } = await start();
    const placed = await call({ faults: [{ type: 'webhook.delay', event: 'connect', delayMs: 60 }] });
    const rang = performance.now();
    const [caught] = await catcher.deliveries(1);
    expect((caught?.at ?? 0) - rang).toBeGreaterThanOrEqual(40);
    expect(
      Math.abs(Number(caught?.values[0]?.calls[0]?.['timestamp']) - (placed.timeline[0]?.at ?? 0) / 1000),
    ).toBeLessThan(1.1);
  });

  it('can date a connect webhook back', async () => {
    const { catcher, call } = await start();
    await call({ connectAgeMs: 60_000 });
    const [caught] = await catcher.deliveries(1);
    const age = Date.now() / 1000 - Number(caught?.values[0]?.calls[0]?.['timestamp']);
    expect(age).toBeGreaterThan(59);
    expect(age).toBeLessThan(63);
  });

  it.each<['webhook.reorder' | 'webhook.batch', string[], number]>([
    ['webhook.reorder', ['terminate', 'connect'], 2],
    ['webhook.batch', ['connect', 'terminate'], 1],
  ])('sends connect with or after terminate for %s', async (type, events, deliveries) => {
    const { catcher, call } = await start();
    const placed = await call({ faults: [{ type }] });
    placed.hangUp();
    await placed.waitFor('closed', 2_000);
    expect(catcher.events).toEqual(events);
    expect(catcher.caught).toHaveLength(deliveries);
  });

  it('says why something waited for did not come', async () => {
    const { call } = await start();
    const placed = await call();
    await expect(placed.waitFor('accepted', 20)).rejects.toThrow(/did not reach accepted within 20 ms/);
    const waiting = expect(placed.waitFor('accepted', 5_000)).rejects.toThrow(/ended before it reached accepted/);
    placed.hangUp();
    await waiting;
    await expect(placed.waitFor('spoken', 5_000)).rejects.toThrow(/ended before it reached spoken/);
    await expect(placed.waitFor('closed', 5_000)).resolves.toBeUndefined();
  });

  it('closes a call whose handset cannot be closed, and says so in its timeline', async () => {
    const { call, whatsapp } = await start();
    const broken = async (listener: HandsetListener) =>
      Object.assign(new MuteHandset(listener), { close: () => Promise.reject(new Error('stuck')) });
    const placed = await call({ handset: broken });
    placed.hangUp();
    await placed.waitFor('closed', 2_000);
    expect(placed.timeline).toContainEqual(
      expect.objectContaining({ type: 'handset.close_failed', data: { message: 'stuck' } }),
    );
    expect(whatsapp.liveCalls).toBe(0);
  });

  it('places no call once it was closed', async () => {
    const { call, whatsapp } = await start();
    await whatsapp.close();
    await expect(call()).rejects.toThrow('The simulated WhatsApp is closed.');
    expect(whatsapp.liveCalls).toBe(0);
  });

  it('goes away without a word while calls are live', async () => {
    const { catcher, call, whatsapp, handset } = await start();
    await (await call()).waitFor('webhook_answered', 2_000);
    await whatsapp.close();
    expect(handset().happened).toEqual(['closed']);
    expect(catcher.events).toEqual(['connect']);
  });
});
