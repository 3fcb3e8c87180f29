import { afterEach, describe, expect, it } from 'vitest';
import type { CallManners, SimulatedCall } from '../../../src/simulator/index.ts';
import { type Leg, openOfferingLeg } from '../../../src/webrtc/index.ts';
import { ANA, Business } from './support/business.ts';

const NETWORK = { portRange: null, announcedIp: null, bindAddresses: ['127.0.0.1'], ipv6: false, iceServers: [] };
const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);

describe('the phone that a business calls', () => {
  let business: Business;
  let leg: Leg | null = null;
  afterEach(async () => {
    await leg?.close();
    await business.close();
  });

  /** Calls a user as the smallest of businesses does. Resolves when the phone's answer was applied. */
  async function call(
    manners: CallManners,
  ): Promise<{ call: SimulatedCall; heard: () => number; connected: Promise<void> }> {
    business = await Business.start();
    business.whatsapp.answerCalls(null, manners);
    await business.whatsapp.grant(ANA, 'permanent');
    let heard = 0;
    const up = Promise.withResolvers<void>();
    leg = await openOfferingLeg(NETWORK, {
      onConnected: () => up.resolve(),
      onFailed: (code) => up.reject(new Error(code)),
      onAudio: () => {
        heard += 1;
      },
      onDtmf: () => {},
      onActivity: () => {},
      onBye: () => {},
    });
    await business.call({ session: { sdp_type: 'offer', sdp: leg.localSdp } });
    const connect = await business.webhook('connect');
    await leg.applyAnswer((connect['session'] as { sdp: string }).sdp);
    return { call: await business.whatsapp.nextReceived(2_000), heard: () => heard, connected: up.promise };
  }

  /** Sends sound, as the gate lets it, until the phone has heard some. */
  async function speak(placed: SimulatedCall): Promise<void> {
    leg?.ungate();
    const timer = setInterval(() => leg?.sendAudio(SILENCE, false), 20);
    await placed.waitFor('heard', 5_000).finally(() => clearInterval(timer));
  }

  it.each(['active', 'passive', 'actpass'] as const)(
    'connects while it rings, with the DTLS role %s',
    async (setup) => {
      const { call: placed, connected } = await call({ reply: 'ignore', faults: [{ type: 'sdp.setup', setup }] });
      await connected;
      await placed.waitFor('connected', 5_000);
      expect(placed.timeline.map(({ type }) => type)).not.toContain('accepted');
    },
  );

  it('hears and is heard once it is picked up, and not before', async () => {
    const audio = new Int16Array(1_600).fill(1_000);
    const { call: placed, heard, connected } = await call({ reply: 'pick_up', afterMs: 400, audio });
    await connected;
    expect(heard()).toBe(0);
    await business.webhook('ACCEPTED');
    await speak(placed);
    await placed.waitFor('spoken', 5_000);
    const { phone, setup, direction } = await placed.report();
    expect(direction).toBe('outbound');
    expect(heard()).toBeGreaterThan(0);
    expect(phone).toMatchObject({ mediaBeforeAccept: 0, packetsReceived: expect.any(Number) });
    expect(phone?.firstMediaMs).toBeGreaterThan(0);
    expect(setup.heardMs).toBeGreaterThan(setup.acceptedMs ?? Number.POSITIVE_INFINITY);
    placed.hangUp();
    await placed.waitFor('closed', 5_000);
  });

  it('catches a business that speaks to a phone that still rings', async () => {
    const { call: placed, connected } = await call({ reply: 'ignore' });
    await connected;
    await speak(placed);
    expect((await placed.report()).phone?.mediaBeforeAccept).toBeGreaterThan(0);
  });
});
