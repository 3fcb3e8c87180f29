import { describe, expect, test } from 'vitest';
import {
  createSrtpReceiver,
  createSrtpSender,
  type SrtpProfile,
  type SrtpReceiver,
  srtpRefusal,
} from '../../../src/webrtc/packet/srtp.ts';
import { type RoomyPacket, roomy, rtpPacket, srtpKeys, srtpProfiles, TEST_SSRC } from '../../support/rtp-packet.ts';

const RECEIVER_REPORT = `81c90007decafbad${'11'.repeat(24)}`;

/** Protected packets with these sequence numbers, in this order of sending. */
function sealed(profile: SrtpProfile, sequences: readonly number[], ssrc = TEST_SSRC, seed = 1): RoomyPacket[] {
  const sender = createSrtpSender(srtpKeys(profile, seed), profile, ssrc);
  return sequences.map((sequence) => {
    const { buffer, length } = rtpPacket(sequence, ssrc);
    return { buffer, length: sender.protectRtp(buffer, length) };
  });
}

function sealedReports(profile: SrtpProfile, count: number): RoomyPacket[] {
  const sender = createSrtpSender(srtpKeys(profile), profile, TEST_SSRC);
  return Array.from({ length: count }, () => {
    const { buffer, length } = roomy(RECEIVER_REPORT);
    return { buffer, length: sender.protectRtcp(buffer, length) };
  });
}

function receive(receiver: SrtpReceiver, packet: RoomyPacket): number {
  return receiver.unprotectRtp(Buffer.from(packet.buffer), packet.length);
}

function receiveReport(receiver: SrtpReceiver, packet: RoomyPacket): number {
  return receiver.unprotectRtcp(Buffer.from(packet.buffer), packet.length);
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe.each(srtpProfiles)('SRTP with %s', (profile) => {
  const receiverOf = (seed = 1): SrtpReceiver => createSrtpReceiver(srtpKeys(profile, seed), profile);

  test('gives back what was protected, and its extended sequence number', () => {
    const [packet] = sealed(profile, [77]);
    const plain = rtpPacket(77);
    const receiver = receiverOf();
    expect(packet!.buffer.subarray(12, plain.length)).not.toEqual(plain.buffer.subarray(12, plain.length));
    expect(receiver.unprotectRtp(packet!.buffer, packet!.length)).toBe(plain.length);
    expect(packet!.buffer.subarray(0, plain.length)).toEqual(plain.buffer.subarray(0, plain.length));
    expect(receiver.lastIndex).toBe(77);
  });

  test('protects a packet without payload and one of the greatest length', () => {
    for (const payloadBytes of [0, 1, 2036]) {
      const sender = createSrtpSender(srtpKeys(profile), profile, TEST_SSRC);
      const { buffer, length } = rtpPacket(1, TEST_SSRC, payloadBytes);
      const before = Buffer.from(buffer.subarray(0, length));
      expect(receiverOf().unprotectRtp(buffer, sender.protectRtp(buffer, length))).toBe(length);
      expect(buffer.subarray(0, length)).toEqual(before);
    }
  });

  test('refuses a packet in which any one bit was flipped, and leaves it as it came', () => {
    const [packet] = sealed(profile, [9]);
    const receiver = receiverOf();
    for (let bit = 0; bit < packet!.length * 8; bit++) {
      const forged = Buffer.from(packet!.buffer);
      forged[bit >> 3]! ^= 0x80 >> (bit & 7);
      const before = Buffer.from(forged);
      expect(receiver.unprotectRtp(forged, packet!.length)).toBeLessThan(0);
      expect(forged).toEqual(before);
    }
    expect(receive(receiver, packet!)).toBeGreaterThan(0);
  });

  test('refuses every truncation', () => {
    const [packet] = sealed(profile, [9]);
    const receiver = receiverOf();
    for (let length = 0; length < packet!.length; length++) {
      expect(receiver.unprotectRtp(Buffer.from(packet!.buffer), length)).toBeLessThan(0);
    }
  });

  test('refuses a packet under another key', () => {
    expect(receive(receiverOf(2), sealed(profile, [9])[0]!)).toBe(srtpRefusal.badTag);
  });

  test('takes packets in any order within the window, each once', () => {
    const packets = sealed(profile, range(100, 228));
    const receiver = receiverOf();
    for (const packet of [...packets].reverse()) expect(receive(receiver, packet)).toBeGreaterThan(0);
    for (const packet of packets) expect(receive(receiver, packet)).toBe(srtpRefusal.replayed);
  });

  test('takes a late packet although the one a whole window before it was taken', () => {
    const packets = sealed(profile, range(100, 230));
    const receiver = receiverOf();
    const late = packets[128]!;
    for (const packet of packets) if (packet !== late) expect(receive(receiver, packet)).toBeGreaterThan(0);
    expect(receive(receiver, late)).toBeGreaterThan(0);
  });

  test('refuses what is older than the window', () => {
    const packets = sealed(profile, range(100, 229));
    const receiver = receiverOf();
    receive(receiver, packets.at(-1)!);
    expect(receive(receiver, packets[0]!)).toBe(srtpRefusal.replayed);
    expect(receive(receiver, packets[1]!)).toBeGreaterThan(0);
  });

  test('stays right when hundreds of packets around the wrap are lost', () => {
    const packets = sealed(profile, [65_100, 400, 401]);
    const receiver = receiverOf();
    for (const packet of packets) expect(receive(receiver, packet)).toBeGreaterThan(0);
    expect(receiver.lastIndex).toBe(65_536 + 401);
  });

  test('takes a packet of the cycle before that comes after the wrap', () => {
    const packets = sealed(profile, [65_534, 65_535, 0, 1]);
    const receiver = receiverOf();
    for (const at of [0, 2, 3]) expect(receive(receiver, packets[at]!)).toBeGreaterThan(0);
    expect(receive(receiver, packets[1]!)).toBeGreaterThan(0);
    expect(receiver.lastIndex).toBe(65_535);
  });

  test('hears a stream whose packets before its first wrap were all lost', () => {
    const packets = sealed(profile, [65_533, 65_534, 3, 4]);
    const receiver = receiverOf();
    expect(receive(receiver, packets[2]!)).toBeGreaterThan(0);
    expect(receiver.lastIndex).toBe(65_536 + 3);
    expect(receive(receiver, packets[3]!)).toBeGreaterThan(0);
  });

  test('a forged packet moves neither window nor rollover counter', () => {
    const packets = sealed(profile, [10, 11]);
    const forged = Buffer.from(packets[1]!.buffer);
    forged.writeUInt16BE(32_000, 2);
    const receiver = receiverOf();
    receive(receiver, packets[0]!);
    expect(receiver.unprotectRtp(forged, packets[1]!.length)).toBe(srtpRefusal.badTag);
    expect(receive(receiver, packets[1]!)).toBeGreaterThan(0);
    expect(receiver.lastIndex).toBe(11);
  });

  test('keeps SSRCs apart, and state only for those that proved themselves', () => {
    const receiver = receiverOf();
    for (const ssrc of range(1, 50))
      expect(receive(receiver, sealed(profile, [5], ssrc, 2)[0]!)).toBe(srtpRefusal.badTag);
    for (const ssrc of range(1, 9)) expect(receive(receiver, sealed(profile, [5], ssrc)[0]!)).toBeGreaterThan(0);
    for (const ssrc of range(1, 9))
      expect(receive(receiver, sealed(profile, [5], ssrc)[0]!)).toBe(srtpRefusal.replayed);
    expect(receive(receiver, sealed(profile, [5], 9)[0]!)).toBe(srtpRefusal.tooManySources);
    expect(receive(receiver, sealed(profile, [6], 1)[0]!)).toBeGreaterThan(0);
  });

  test('a sender refuses to use a sequence number again, another SSRC, too little room and too long a packet', () => {
    const sender = createSrtpSender(srtpKeys(profile), profile, TEST_SSRC);
    const protect = ({ buffer, length }: RoomyPacket): number => sender.protectRtp(buffer, length);
    protect(rtpPacket(5));
    expect(() => protect(rtpPacket(5))).toThrow(RangeError);
    expect(() => protect(rtpPacket(4))).toThrow(RangeError);
    expect(() => protect(rtpPacket(6, 1))).toThrow(RangeError);
    expect(() => protect(rtpPacket(6, TEST_SSRC, 2037))).toThrow(RangeError);
    expect(() => sender.protectRtp(rtpPacket(6).buffer.subarray(0, 84), 84)).toThrow(RangeError);
    expect(protect(rtpPacket(6))).toBeGreaterThan(84);
  });

  test('gives back RTCP, encrypted behind its first 8 bytes', () => {
    const [packet] = sealedReports(profile, 1);
    expect(packet!.buffer.toString('hex', 0, 8)).toBe(RECEIVER_REPORT.slice(0, 16));
    expect(packet!.buffer.toString('hex', 8, 32)).not.toBe(RECEIVER_REPORT.slice(16));
    const length = receiverOf().unprotectRtcp(packet!.buffer, packet!.length);
    expect(packet!.buffer.toString('hex', 0, length)).toBe(RECEIVER_REPORT);
  });

  test('refuses RTCP in which any one bit was flipped, and every truncation', () => {
    const [packet] = sealedReports(profile, 1);
    const receiver = receiverOf();
    for (let bit = 0; bit < packet!.length * 8; bit++) {
      const forged = Buffer.from(packet!.buffer);
      forged[bit >> 3]! ^= 0x80 >> (bit & 7);
      expect(receiver.unprotectRtcp(forged, packet!.length)).toBeLessThan(0);
    }
    for (let length = 0; length < packet!.length; length++) {
      expect(receiver.unprotectRtcp(Buffer.from(packet!.buffer), length)).toBeLessThan(0);
    }
    expect(receiveReport(receiver, packet!)).toBeGreaterThan(0);
  });

  test('refuses replayed and too old RTCP', () => {
    const packets = sealedReports(profile, 140);
    const receiver = receiverOf();
    expect(receiveReport(receiver, packets[1]!)).toBeGreaterThan(0);
    expect(receiveReport(receiver, packets[0]!)).toBeGreaterThan(0);
    expect(receiveReport(receiver, packets[1]!)).toBe(srtpRefusal.replayed);
    expect(receiveReport(receiver, packets[139]!)).toBeGreaterThan(0);
    expect(receiveReport(receiver, packets[2]!)).toBe(srtpRefusal.replayed);
  });

  test('an RTCP sender refuses another SSRC and too little room', () => {
    const sender = createSrtpSender(srtpKeys(profile), profile, 1);
    const { buffer, length } = roomy(RECEIVER_REPORT);
    expect(() => sender.protectRtcp(buffer, length)).toThrow(RangeError);
    expect(() =>
      createSrtpSender(srtpKeys(profile), profile, TEST_SSRC).protectRtcp(buffer.subarray(0, 40), length),
    ).toThrow(RangeError);
  });
});
