import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/call/index.ts';
import { NETWORK_PROFILES } from '../../../src/simulator/index.ts';
import { candidateOf, redirectSdp } from '../../../src/simulator/network/redirect.ts';
import { openRelay, type Relay } from '../../../src/simulator/network/relay.ts';
import { type Leg, LegError, openOfferingLeg } from '../../../src/webrtc/index.ts';
import { DtlsSession } from '../../../src/webrtc/peer/dtls-session.ts';
import { IceAgent } from '../../../src/webrtc/peer/ice-agent.ts';
import { bothConnected, LegLog, loopback, openDialPair, opusPacket } from '../../support/leg-pair.ts';
import { sdpAnswer } from '../../support/sdp-answer.ts';

/** What a client may ask for at most. */
const LONGEST_RING_MS = 90_000;

const open: { close(): Promise<void> }[] = [];

async function dial(options: Parameters<typeof openDialPair>[0] = {}) {
  const pair = await openDialPair(options);
  open.push(pair.phone.leg, pair.bridge.leg);
  return pair;
}

async function offeringLeg(network = {}): Promise<{ leg: Leg; log: LegLog }> {
  const log = new LegLog();
  const leg = await openOfferingLeg(loopback(network), log);
  open.push(leg);
  return { leg, log };
}

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map((each) => each.close()));
});

describe('the leg of a call that we place', () => {
  test.each(['active', 'passive', 'actpass'] as const)(
    'carries sound both ways with an edge that answers setup:%s',
    async (setup) => {
      const { phone, bridge, answer } = await dial({ setup });
      expect(answer).toContain(`a=setup:${setup}\r\n`);
      await bridge.leg.applyAnswer(answer);
      await bothConnected([phone, bridge]);
      for (const { leg } of [phone, bridge]) leg.ungate();
      for (let n = 0; n < 20; n++) {
        phone.leg.sendAudio(opusPacket(n), n === 0);
        bridge.leg.sendAudio(opusPacket(1_000 + n), n === 0);
      }
      await Promise.all([phone, bridge].map(({ log }) => log.until(({ audio }) => audio.length === 20)));
      expect(bridge.log.audio.map(({ payload }) => payload)).toEqual(
        Array.from({ length: 20 }, (_, n) => opusPacket(n)),
      );
      expect(phone.log.audio.map(({ payload }) => payload)).toEqual(
        Array.from({ length: 20 }, (_, n) => opusPacket(1_000 + n)),
      );
      expect([...phone.log.failures, ...bridge.log.failures]).toEqual([]);
    },
  );

  test('takes an answer without setup for one of the DTLS server', async () => {
    const { phone, bridge, answer } = await dial({ setup: 'passive' });
    await bridge.leg.applyAnswer(answer.replace('a=setup:passive\r\n', ''));
    await bothConnected([phone, bridge]);
  });

  test('is connected while the phone rings, and not a packet of media leaves it', async () => {
    const { phone, bridge, answer } = await dial();
    await bridge.leg.applyAnswer(answer);
    await bothConnected([phone, bridge]);
    for (let n = 0; n < 5; n++) bridge.leg.sendAudio(opusPacket(n), false);
    phone.leg.ungate();
    phone.leg.sendAudio(opusPacket(7), true);
    await bridge.log.until(({ audio }) => audio.length === 1);
    expect(phone.log.activity).toBe(0);
    expect(bridge.leg.stats()).toMatchObject({ packetsSent: 0, packetsWithheld: 5 });
  });

  test('sends Opus and keys under the numbers that the answer names', async () => {
    const { phone, bridge, answer } = await dial();
    await bridge.leg.applyAnswer(answer.replaceAll('126', '101'));
    await bothConnected([phone, bridge]);
    bridge.leg.ungate();
    expect(bridge.leg.sendDtmf('5')).toBe(true);
    for (let n = 0; n < 20; n++) bridge.leg.sendAudio(opusPacket(n), false);
    await phone.log.until(({ audio }) => audio.length > 0);
    // The phone still listens on 126, so it hears sound and no key.
    expect(phone.log.digits).toEqual([]);
  });

  test('sends no keys to an edge that answered without telephone-event', async () => {
    const { phone, bridge, answer } = await dial();
    await bridge.leg.applyAnswer(answer.replace('111 126', '111').replace(/a=rtpmap:126.*\r\n/, ''));
    await bothConnected([phone, bridge]);
    expect(bridge.leg.sendDtmf('5')).toBe(false);
  });

  test('counts the time to connect from the answer, not from the offer', async () => {
    const { phone, bridge, answer } = await dial();
    await new Promise((resolve) => setTimeout(resolve, 400));
    const from = performance.now();
    await bridge.leg.applyAnswer(answer);
    await bothConnected([phone, bridge]);
    expect(bridge.leg.stats().mediaSetupMs).toBeLessThanOrEqual(performance.now() - from);
  });

  test('keeps the answer that it has, whatever comes after it', async () => {
    const { phone, bridge, answer } = await dial();
    await bridge.leg.applyAnswer(answer);
    await bridge.leg.applyAnswer('no answer at all');
    await bridge.leg.applyAnswer(sdpAnswer());
    await bothConnected([phone, bridge]);
    await bridge.leg.close();
    await bridge.leg.applyAnswer('no answer at all');
    expect(bridge.log.connected).toBe(1);
  });

  test.each([
    ['that refuses the audio', { 'm=audio': 'm=audio 0 UDP/TLS/RTP/SAVPF 111' }, 'port'],
    [
      'with a second stream',
      { 'a=setup': ['a=setup:active', 'm=video 0 UDP/TLS/RTP/SAVPF 96'] },
      'exactly one m= line',
    ],
    ['of SDES', { 'm=audio': 'm=audio 51420 RTP/SAVP 111' }, 'UDP/TLS/RTP/SAVPF'],
    ['without Opus', { 'a=rtpmap:111': 'a=rtpmap:111 PCMU/8000' }, 'opus/48000/2'],
    ['with a fingerprint of another kind', { 'a=fingerprint': 'a=fingerprint:sha-384 AB:CD' }, 'sha-256'],
    ['without fingerprint', { 'a=fingerprint': null }, 'a=fingerprint is missing'],
    ['that does not listen', { 'a=sendrecv': 'a=sendonly' }, 'sendrecv'],
    ['of a lite edge that names no address', { 's=-': ['s=-', 'a=ice-lite'], 'a=candidate': null }, 'a=candidate'],
  ])('refuses an answer %s, says why, and can take another', async (_what, changes, reason) => {
    const { phone, bridge, answer } = await dial();
    await expect(bridge.leg.applyAnswer(sdpAnswer(changes))).rejects.toMatchObject({
      code: 'bad_offer',
      message: expect.stringContaining(reason),
    });
    await bridge.leg.applyAnswer(answer);
    await bothConnected([phone, bridge]);
  });

  test('takes any text for an answer, or refuses it as a LegError', async () => {
    const good = sdpAnswer();
    const edits = fc.array(fc.tuple(fc.nat(good.length), fc.nat(30), fc.string({ maxLength: 6, unit: 'binary' })), {
      maxLength: 3,
    });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(edits, async (each) => {
        const { leg } = await offeringLeg();
        const sdp = each.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), good);
        try {
          await leg.applyAnswer(sdp);
          taken += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(LegError);
          expect((error as LegError).code).toBe('bad_offer');
        } finally {
          await leg.close();
        }
      }),
      { numRuns: 150 },
    );
    expect(taken).toBeGreaterThan(0);
  });
});

describe('an edge that waits for the phone to be picked up', () => {
  async function behindRelay(answer: string): Promise<{ relay: Relay; answer: string }> {
    const phone = candidateOf(answer);
    const options = { profile: NETWORK_PROFILES.clean, seed: 1, mediaOnly: false, host: '127.0.0.1' };
    const relay = await openRelay({ phone, ...options });
    open.push(relay);
    return { relay, answer: redirectSdp(answer, relay) };
  }

  test('is heard as soon as it answers checks', async () => {
    const { phone, bridge, answer } = await dial();
    const way = await behindRelay(answer);
    way.relay.setBlocked(true);
    await bridge.leg.applyAnswer(way.answer);
    // Longer than one round of checks takes to fail.
    await delay(1_500);
    expect(bridge.log.connected).toBe(0);
    way.relay.setBlocked(false);
    await bothConnected([phone, bridge]);
    expect(bridge.log.failures).toEqual([]);
  });

  test('has the longest ringing time there is, and that of setting up after it', async () => {
    const ice = vi.spyOn(IceAgent.prototype, 'connect');
    const dtls = vi.spyOn(DtlsSession.prototype, 'start');
    const { phone, bridge, answer } = await dial({ setup: 'passive' });
    ice.mockClear();
    await bridge.leg.applyAnswer(answer);
    await bothConnected([phone, bridge]);
    const patience = LONGEST_RING_MS + DEFAULT_POLICY.mediaTimeoutMs;
    expect(ice.mock.calls[0]?.[1]).toBeGreaterThan(patience);
    for (const [timeoutMs] of dtls.mock.calls) expect(timeoutMs).toBeGreaterThan(patience);
  });
});
