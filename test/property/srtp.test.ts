import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RtpHeader, SrtcpSession, SrtpSession } from 'werift';
import { createSrtpReceiver, createSrtpSender, type SrtpProfile, srtpRefusal } from '../../src/webrtc/packet/srtp.ts';
import { roomy, rtpPacket, srtpKeys, srtpProfiles, TEST_SSRC } from '../support/rtp-packet.ts';

const FIRST = 30_000;
/** Over two sequence wraps. */
const STREAM = 110_000;
const weriftProfile = { AES_CM_128_HMAC_SHA1_80: 1, AEAD_AES_128_GCM: 7 } as const;

function weriftConfig(profile: SrtpProfile): ConstructorParameters<typeof SrtpSession>[0] {
  const { masterKey, masterSalt } = srtpKeys(profile);
  const keys = {
    localMasterKey: masterKey,
    localMasterSalt: masterSalt,
    remoteMasterKey: masterKey,
    remoteMasterSalt: masterSalt,
  };
  return { keys, profile: weriftProfile[profile] };
}

describe.each(srtpProfiles)('SRTP with %s', (profile) => {
  test('is understood by werift for 110,000 packets', { timeout: 120_000 }, () => {
    const sender = createSrtpSender(srtpKeys(profile), profile, TEST_SSRC);
    const session = new SrtpSession(weriftConfig(profile));
    for (let i = 0; i < STREAM; i++) {
      const { buffer, length } = rtpPacket((FIRST + i) & 0xffff);
      const plain = Buffer.from(buffer.subarray(0, length));
      const protectedLength = sender.protectRtp(buffer, length);
      if (!session.decrypt(buffer.subarray(0, protectedLength)).equals(plain)) throw new Error(`differs at ${i}`);
    }
  });

  test('understands werift for 110,000 packets', { timeout: 120_000 }, () => {
    const session = new SrtpSession(weriftConfig(profile));
    const receiver = createSrtpReceiver(srtpKeys(profile), profile);
    for (let i = 0; i < STREAM; i++) {
      const { buffer, length } = rtpPacket((FIRST + i) & 0xffff);
      const plain = buffer.subarray(0, length);
      const theirs = session.encrypt(plain.subarray(12), RtpHeader.deSerialize(plain));
      if (receiver.unprotectRtp(theirs, theirs.length) !== length) throw new Error(`refused at ${i}`);
      if (!theirs.subarray(0, length).equals(plain)) throw new Error(`differs at ${i}`);
    }
    expect(receiver.lastIndex).toBe(FIRST + STREAM - 1);
  });

  test('agrees with werift on RTCP both ways', () => {
    const report = `81c90007decafbad${'22'.repeat(24)}`;
    const session = new SrtcpSession(weriftConfig(profile));
    const sender = createSrtpSender(srtpKeys(profile), profile, TEST_SSRC);
    const receiver = createSrtpReceiver(srtpKeys(profile), profile);
    for (let i = 0; i < 500; i++) {
      const { buffer, length } = roomy(report);
      const protectedLength = sender.protectRtcp(buffer, length);
      expect(session.decrypt(buffer.subarray(0, protectedLength)).toString('hex')).toBe(report);
      const theirs = session.encrypt(Buffer.from(report, 'hex'));
      expect(theirs.toString('hex', 0, receiver.unprotectRtcp(theirs, theirs.length))).toBe(report);
    }
  });

  test('survives loss bursts of hundreds of packets, at the wraps too', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 10, maxLength: 60 }), (steps) => {
        const sender = createSrtpSender(srtpKeys(profile), profile, TEST_SSRC);
        const receiver = createSrtpReceiver(srtpKeys(profile), profile);
        let index = FIRST;
        for (const step of steps) {
          index += step;
          const { buffer, length } = rtpPacket(index & 0xffff);
          expect(receiver.unprotectRtp(buffer, sender.protectRtp(buffer, length))).toBe(length);
          expect(receiver.lastIndex).toBe(index);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('takes every packet once, however the network shuffles, repeats and loses them', () => {
    const COUNT = 300;
    const sender = createSrtpSender(srtpKeys(profile), profile, TEST_SSRC);
    const stream = Array.from({ length: COUNT }, (_, i) => {
      const { buffer, length } = rtpPacket((65_400 + i) & 0xffff);
      return buffer.subarray(0, sender.protectRtp(buffer, length));
    });
    const arrivals = fc.array(fc.record({ packet: fc.nat(COUNT - 1), lag: fc.nat(100) }), {
      maxLength: 600,
      size: 'max',
    });
    fc.assert(
      fc.property(arrivals, (list) => {
        const receiver = createSrtpReceiver(srtpKeys(profile), profile);
        const accepted = new Set<number>();
        // In order but for a lag below the window, so that nothing is too old.
        for (const { packet } of [...list].sort((a, b) => a.packet + a.lag - b.packet - b.lag)) {
          const copy = Buffer.from(stream[packet]!);
          const outcome = receiver.unprotectRtp(copy, copy.length);
          if (accepted.has(packet)) {
            expect(outcome).toBe(srtpRefusal.replayed);
          } else {
            expect(outcome).toBe(84);
            expect(receiver.lastIndex).toBe(65_400 + packet);
          }
          accepted.add(packet);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('never throws on any bytes, and accepts none of them', () => {
    const receiver = createSrtpReceiver(srtpKeys(profile), profile);
    const head = fc.constantFrom([], [0x80], [0x90, 111], [0xbf, 0xef], [0x80, 200], [0x81, 201, 0, 7]);
    const bytes = fc
      .tuple(head, fc.uint8Array({ maxLength: 2_200 }))
      .map(([start, rest]) => Buffer.from([...start, ...rest]));
    fc.assert(
      fc.property(bytes, fc.nat(2_300), (packet, length) => {
        expect(receiver.unprotectRtp(packet, packet.length)).toBeLessThan(0);
        expect(receiver.unprotectRtcp(packet, packet.length)).toBeLessThan(0);
        expect(receiver.unprotectRtp(packet, length)).toBeLessThan(0);
        expect(receiver.unprotectRtcp(packet, length)).toBeLessThan(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
