import { describe, expect, test } from 'vitest';
import { writeRtpHeader } from '../../../src/webrtc/packet/rtp.ts';
import { createSrtpReceiver, createSrtpSender, type SrtpSender } from '../../../src/webrtc/packet/srtp.ts';
import { InboundStream } from '../../../src/webrtc/peer/inbound-stream.ts';
import { LegLog } from '../../support/leg-pair.ts';

const keys = { masterKey: Buffer.alloc(16, 1), masterSalt: Buffer.alloc(14, 2) };
const profile = 'AES_CM_128_HMAC_SHA1_80';

/** One source of the other side. */
class Source {
  readonly #srtp: SrtpSender;
  readonly #ssrc: number;
  sequence: number;
  timestamp: number;

  constructor(ssrc: number, sequence = 100, timestamp = 5_000) {
    this.#ssrc = ssrc;
    this.#srtp = createSrtpSender(keys, profile, ssrc);
    this.sequence = sequence;
    this.timestamp = timestamp;
  }

  packet(payloadType = 111): Buffer {
    const packet = Buffer.alloc(64);
    writeRtpHeader(packet, payloadType, false, this.sequence, this.timestamp, this.#ssrc);
    packet.fill(9, 12, 20);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.timestamp += 960;
    return packet.subarray(0, this.#srtp.protectRtp(packet, 20));
  }
}

function inbound(declaredSsrc: number | null): { stream: InboundStream; log: LegLog } {
  const log = new LegLog();
  const srtp = createSrtpReceiver(keys, profile);
  const stream = new InboundStream({ srtp, listener: log, declaredSsrc, opusPayloadType: 111, dtmfPayloadType: 126 });
  return { stream, log };
}

describe('incoming sound', () => {
  test('is heard by payload type, whatever SSRC it has', () => {
    const { stream, log } = inbound(1);
    const source = new Source(77);
    for (let n = 0; n < 3; n++) stream.receive(source.packet(), n * 20);
    expect(log.audio.map(({ sequence }) => sequence)).toEqual([100, 101, 102]);
  });

  test('of another payload type is activity, not sound', () => {
    const { stream, log } = inbound(null);
    stream.receive(new Source(1).packet(13), 0);
    expect([log.activity, log.audio.length]).toEqual([1, 0]);
  });

  test('goes on without a jump when the sender changes its SSRC after a pause', () => {
    const { stream, log } = inbound(null);
    const first = new Source(1, 100, 5_000);
    const second = new Source(2, 40_000, 900_000);
    stream.receive(first.packet(), 0);
    stream.receive(first.packet(), 20);
    stream.receive(second.packet(), 1_000);
    stream.receive(second.packet(), 1_020);
    expect(log.audio.map(({ sequence, timestamp }) => [sequence, timestamp])).toEqual([
      [100, 5_000],
      [101, 5_960],
      [102, 6_920],
      [103, 7_880],
    ]);
  });

  test('of a second source at the same time is left out', () => {
    const { stream, log } = inbound(null);
    const first = new Source(1);
    const second = new Source(2, 9_000);
    for (let n = 0; n < 4; n++) {
      stream.receive(first.packet(), n * 20);
      stream.receive(second.packet(), n * 20 + 1);
    }
    expect(log.audio.map(({ sequence }) => sequence)).toEqual([100, 101, 102, 103]);
    expect(stream.stats.packets).toBe(4);
  });

  test('of the declared source wins at once', () => {
    const { stream, log } = inbound(2);
    const stray = new Source(1, 100, 0);
    const declared = new Source(2, 200, 0);
    stream.receive(stray.packet(), 0);
    stream.receive(declared.packet(), 20);
    stream.receive(stray.packet(), 21);
    stream.receive(declared.packet(), 40);
    expect(log.audio.map(({ sequence }) => sequence)).toEqual([100, 101, 102]);
  });

  test('that comes twice is counted as duplicate and heard once', () => {
    const { stream, log } = inbound(null);
    const packet = new Source(1).packet();
    stream.receive(Buffer.from(packet), 0);
    stream.receive(Buffer.from(packet), 1);
    expect(log.audio).toHaveLength(1);
    expect([stream.stats.duplicates, stream.refused]).toEqual([1, 1]);
  });

  test('counts on over a wrap of the sequence number', () => {
    const { stream, log } = inbound(null);
    const source = new Source(1, 65_534, 0xffff_ff00 - 960);
    for (let n = 0; n < 4; n++) {
      stream.receive(source.packet(), n * 20);
      source.timestamp %= 0x1_0000_0000;
    }
    expect(log.audio.map(({ sequence }) => sequence - 65_534)).toEqual([0, 1, 2, 3]);
    const [first] = log.audio;
    expect(log.audio.map(({ timestamp }) => timestamp - (first?.timestamp ?? 0))).toEqual([0, 960, 1_920, 2_880]);
  });
});
