import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RtcpPacketConverter, RtcpRrPacket, RtcpSourceDescriptionPacket, RtcpSrPacket } from 'werift';
import { compactNtp, ntpFraction, ntpSeconds } from '../../../src/webrtc/packet/ntp-time.ts';
import { parseRtcp, type ReportBlock, type RtcpListener } from '../../../src/webrtc/packet/rtcp.ts';
import { RtcpWriter } from '../../../src/webrtc/packet/rtcp-writer.ts';

type Told =
  | { readonly type: 'sr'; readonly ssrc: number; readonly ntp: number; readonly rtpTimestamp: number }
  | { readonly type: 'block'; readonly block: ReportBlock }
  | { readonly type: 'bye'; readonly ssrc: number };

function read(packet: Buffer, length = packet.length): { whole: boolean; told: Told[] } {
  const told: Told[] = [];
  const listener: RtcpListener = {
    onSenderReport: (ssrc, ntp, rtpTimestamp) => told.push({ type: 'sr', ssrc, ntp, rtpTimestamp }),
    onReportBlock: (block) => told.push({ type: 'block', block: { ...block } }),
    onBye: (ssrc) => told.push({ type: 'bye', ssrc }),
  };
  return { whole: parseRtcp(packet, length, listener), told };
}

const block: ReportBlock = {
  ssrc: 0xcafebabe,
  fractionLost: 12,
  cumulativeLost: -3,
  highestSequence: 0x0001ffff,
  jitter: 480,
  lastSenderReport: 0x89abcdef,
  delaySinceLastSenderReport: 65_536,
};
const info = { wallMs: Date.UTC(2026, 10, 20, 12) + 250, rtpTimestamp: 0xfffffff0, packetsSent: 50, octetsSent: 3_600 };
const SSRC = 0xdecafbad;
const writer = new RtcpWriter(SSRC, 'talkwire');
const buffer = Buffer.alloc(writer.maxBytes, 0xee);

describe('a compound RTCP packet', () => {
  test('carries a sender report and its block', () => {
    const length = writer.writeSenderReport(buffer, info, block);
    expect(read(buffer, length)).toEqual({
      whole: true,
      told: [
        { type: 'sr', ssrc: SSRC, ntp: compactNtp(info.wallMs), rtpTimestamp: 0xfffffff0 },
        { type: 'block', block },
      ],
    });
  });

  test('carries a receiver report, with and without a block', () => {
    expect(read(buffer, writer.writeReceiverReport(buffer, block)).told).toEqual([{ type: 'block', block }]);
    expect(read(buffer, writer.writeReceiverReport(buffer, null))).toEqual({ whole: true, told: [] });
  });

  test('carries a BYE at its end', () => {
    expect(read(buffer, writer.writeBye(buffer)).told).toEqual([{ type: 'bye', ssrc: SSRC }]);
  });

  test('is understood by werift, with the canonical name in it', () => {
    const sr = RtcpPacketConverter.deSerialize(buffer.subarray(0, writer.writeSenderReport(buffer, info, block)));
    expect(sr[0]).toBeInstanceOf(RtcpSrPacket);
    expect((sr[0] as RtcpSrPacket).senderInfo).toMatchObject({
      rtpTimestamp: 0xfffffff0,
      packetCount: 50,
      octetCount: 3_600,
    });
    expect((sr[0] as RtcpSrPacket).reports[0]).toMatchObject({
      ssrc: 0xcafebabe,
      jitter: 480,
      lsr: 0x89abcdef,
      dlsr: 65_536,
    });
    expect((sr[1] as RtcpSourceDescriptionPacket).chunks[0]).toMatchObject({
      source: SSRC,
      items: [{ type: 1, text: 'talkwire' }],
    });
    const bye = RtcpPacketConverter.deSerialize(buffer.subarray(0, writer.writeBye(buffer)));
    // werift knows no BYE and skips it.
    expect(bye.map((packet) => packet.constructor)).toEqual([RtcpRrPacket, RtcpSourceDescriptionPacket]);
  });

  test.each([1, 2, 3, 4, 5, 255])('ends on a whole word with a name of %i bytes', (bytes) => {
    const named = new RtcpWriter(SSRC, 'x'.repeat(bytes));
    const into = Buffer.alloc(named.maxBytes);
    const length = named.writeSenderReport(into, info, block);
    expect(length % 4).toBe(0);
    expect(read(into, length).whole).toBe(true);
    expect(read(into, named.writeBye(into)).told).toEqual([{ type: 'bye', ssrc: SSRC }]);
  });

  test('refuses a name that SDES cannot hold', () => {
    expect(() => new RtcpWriter(SSRC, 'x'.repeat(256))).toThrow(RangeError);
  });

  test('is read past packet types that are not known', () => {
    const feedback = Buffer.from('8fcd0001decafbad', 'hex');
    const length = writer.writeBye(buffer);
    const compound = Buffer.concat([feedback, buffer.subarray(0, length)]);
    expect(read(compound)).toEqual({ whole: true, told: [{ type: 'bye', ssrc: SSRC }] });
  });

  test('that breaks off tells what stood before', () => {
    const length = writer.writeBye(buffer);
    const compound = Buffer.concat([buffer.subarray(0, length), Buffer.from('81cb0002decafbad', 'hex')]);
    expect(read(compound)).toEqual({ whole: false, told: [{ type: 'bye', ssrc: SSRC }] });
  });

  test('that claims more blocks than it holds tells those it holds', () => {
    const length = writer.writeReceiverReport(buffer, block);
    buffer[0] = 0x80 | 31;
    expect(read(buffer, length)).toEqual({ whole: true, told: [{ type: 'block', block }] });
  });

  test('of any bytes never throws and never reads beyond its end', () => {
    const piece = fc.tuple(
      fc.nat(0x3f),
      fc.constantFrom(200, 201, 202, 203, 205, 207),
      fc.nat(8),
      fc.uint8Array({ maxLength: 60 }),
    );
    const bytes = fc
      .array(piece, { maxLength: 4 })
      .map((pieces) =>
        Buffer.concat(pieces.map(([count, type, words, body]) => Buffer.from([0x80 | count, type, 0, words, ...body]))),
      );
    fc.assert(
      fc.property(
        fc.oneof(bytes, fc.uint8Array({ maxLength: 100 }).map(Buffer.from)),
        fc.nat(300),
        (packet, length) => {
          read(packet);
          if (length > packet.length) expect(read(packet, length)).toEqual({ whole: false, told: [] });
          // The bytes behind the end must not matter.
          const cut = read(packet, Math.min(length, packet.length));
          const alone = read(Buffer.from(packet.subarray(0, length)));
          expect(cut).toEqual(alone);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

describe('NTP time', () => {
  test('counts from 1900', () => {
    expect(ntpSeconds(0)).toBe(2_208_988_800);
    expect(ntpFraction(250)).toBe(2 ** 30);
  });

  test('goes on past its wrap in 2036', () => {
    const wrap = Date.UTC(2036, 1, 7, 6, 28, 16);
    expect(ntpSeconds(wrap - 1000)).toBe(0xffffffff);
    expect(ntpSeconds(wrap)).toBe(0);
  });

  test('has its middle 32 bits in 1/65,536 s', () => {
    const at = Date.UTC(2026, 10, 20, 12);
    expect(compactNtp(at + 1500) - compactNtp(at)).toBe(98_304);
  });
});
