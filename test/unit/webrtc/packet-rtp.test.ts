import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRtpHeader, isRtcp, parseRtp, rtpHeaderLength, writeRtpHeader } from '../../../src/webrtc/packet/rtp.ts';

function parse(hex: string): ReturnType<typeof createRtpHeader> | null {
  const packet = Buffer.from(hex, 'hex');
  const header = createRtpHeader();
  return parseRtp(packet, packet.length, header) ? header : null;
}

describe('an RTP header', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(
        fc.nat(127),
        fc.boolean(),
        fc.nat(0xffff),
        fc.nat(0xffffffff),
        fc.nat(0xffffffff),
        (payloadType, marker, sequence, timestamp, ssrc) => {
          const packet = Buffer.alloc(20, 0xee);
          const header = createRtpHeader();
          writeRtpHeader(packet, payloadType, marker, sequence, timestamp, ssrc);
          expect(parseRtp(packet, 20, header)).toBe(true);
          expect(header).toEqual({
            payloadType,
            marker,
            sequence,
            timestamp,
            ssrc,
            payloadOffset: 12,
            payloadLength: 8,
          });
        },
      ),
    );
  });

  test('takes sequence number and timestamp modulo their width', () => {
    const packet = Buffer.alloc(12);
    const header = createRtpHeader();
    writeRtpHeader(packet, 111, false, 65_536 + 7, 2 ** 32 + 960, 1);
    parseRtp(packet, 12, header);
    expect(header).toMatchObject({ sequence: 7, timestamp: 960 });
  });

  test('has its payload behind CSRCs and extension, before padding', () => {
    const csrcs = '0000000a0000000b';
    const extension = 'bede0001aabbccdd';
    expect(parse(`b26f000100000002decafbad${csrcs}${extension}0102030000000004`)).toMatchObject({
      payloadOffset: 28,
      payloadLength: 4,
    });
  });

  test.each([
    ['an empty packet', ''],
    ['11 bytes', '806f000100000002decafb'],
    ['version 1', '406f000100000002decafbad'],
    ['CSRCs that are missing', '816f000100000002decafbad'],
    ['an extension header that is missing', '906f000100000002decafbadbede'],
    ['an extension that is missing', '906f000100000002decafbadbede0001aabbcc'],
    ['padding of zero bytes', 'a06f000100000002decafbad0100'],
    ['more padding than payload', 'a06f000100000002decafbad0103'],
    ['padding without payload', 'a06f000100000002decafbad'],
  ])('is refused for %s', (_what, hex) => {
    expect(parse(hex)).toBeNull();
  });

  test('is refused when the length exceeds the buffer', () => {
    expect(parseRtp(Buffer.from('806f000100000002decafbad', 'hex'), 13, createRtpHeader())).toBe(false);
  });

  test('is never read beyond the packet, whatever the bytes', () => {
    const header = createRtpHeader();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(100), (bytes, length) => {
        const packet = Buffer.from(bytes);
        if (packet.length > 0) packet[0] = 0x80 | (packet[0]! & 0x3f);
        if (!parseRtp(packet, length, header)) return;
        expect(header.payloadOffset).toBe(rtpHeaderLength(packet, length));
        expect(header.payloadLength).toBeGreaterThanOrEqual(0);
        expect(header.payloadOffset + header.payloadLength).toBeLessThanOrEqual(length);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a datagram on the media port', () => {
  test.each([
    ['sender report', 200, true],
    ['receiver report', 201, true],
    ['transport feedback', 205, true],
    ['Opus', 111, false],
    ['Opus with marker', 0x80 | 111, false],
    ['telephone event with marker', 0x80 | 126, false],
  ])('%s is told apart by its type', (_what, type, expected) => {
    expect(isRtcp(Buffer.from([0x80, type]))).toBe(expected);
  });
});
