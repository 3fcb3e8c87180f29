import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { compactNtp } from '../../../src/webrtc/packet/ntp-time.ts';
import { ReceiveStats } from '../../../src/webrtc/packet/receive-stats.ts';
import { createReportBlock } from '../../../src/webrtc/packet/rtcp.ts';
import { SendStats } from '../../../src/webrtc/packet/send-stats.ts';
import { TimestampUnwrapper } from '../../../src/webrtc/packet/timestamp-unwrapper.ts';

const SSRC = 0xcafebabe;
const NOW = Date.UTC(2026, 10, 20, 12);
const block = createReportBlock();

describe('what arrived', () => {
  let stats: ReceiveStats;
  const arrive = (...indices: number[]): void => {
    for (const index of indices) stats.onPacket(SSRC, index, 60);
  };

  beforeEach(() => {
    stats = new ReceiveStats(48_000);
  });

  test('gives no report before the first packet', () => {
    expect(stats.report(block, NOW)).toBe(false);
    expect(stats.lost).toBe(0);
  });

  test('counts packets, bytes, duplicates and what is missing between the first and the highest', () => {
    arrive(10, 11, 14, 15);
    stats.onDuplicate();
    expect(stats).toMatchObject({ packets: 4, bytes: 240, duplicates: 1, lost: 2 });
  });

  test('takes a loss back when the packet comes late', () => {
    arrive(10, 12);
    expect(stats.lost).toBe(1);
    arrive(11);
    expect(stats.lost).toBe(0);
  });

  test('counts from the earliest packet, though it was overtaken', () => {
    arrive(10, 9, 12);
    expect(stats.lost).toBe(1);
  });

  test('reports highest sequence number with its cycles, cumulative loss, and the fraction since the last report', () => {
    arrive(65_534, 65_535, 65_537, 65_538);
    stats.report(block, NOW);
    expect(block).toMatchObject({
      ssrc: SSRC,
      highestSequence: 0x10002,
      cumulativeLost: 1,
      fractionLost: Math.floor(256 / 5),
    });
    arrive(65_539, 65_540);
    stats.report(block, NOW);
    expect(block).toMatchObject({ highestSequence: 0x10004, cumulativeLost: 1, fractionLost: 0 });
    arrive(65_544);
    stats.report(block, NOW);
    expect(block).toMatchObject({ cumulativeLost: 4, fractionLost: 192 });
  });

  test('an interval without packets has lost nothing', () => {
    arrive(1);
    stats.report(block, NOW);
    stats.report(block, NOW);
    expect(block.fractionLost).toBe(0);
  });

  test('has no jitter when packets come as evenly as they were sent, gaps included', () => {
    for (const frame of [0, 1, 2, 50, 51]) stats.onTiming(frame * 960, 1_000 + frame * 20);
    expect(stats.jitterMs).toBeCloseTo(0);
  });

  test('smooths jitter by 1/16 and remembers the worst (RFC 3550 A.8)', () => {
    stats.onTiming(0, 0);
    stats.onTiming(960, 36);
    expect(stats.jitterMs).toBeCloseTo(1);
    stats.onTiming(1920, 56);
    expect(stats.jitterMs).toBeCloseTo(15 / 16);
    expect(stats.jitterMaxMs).toBeCloseTo(1);
    arrive(1);
    stats.report(block, NOW);
    expect(block.jitter).toBe(45);
  });

  test('does not take a clock that was set anew for jitter', () => {
    stats.onTiming(0, 0);
    stats.onTiming(48_000_000, 20);
    expect(stats.jitterMaxMs).toBe(0);
  });

  test('names the last sender report and how long ago it came', () => {
    arrive(1);
    stats.report(block, NOW);
    expect(block).toMatchObject({ lastSenderReport: 0, delaySinceLastSenderReport: 0 });
    stats.onSenderReport(SSRC, 0x12345678, NOW);
    stats.onSenderReport(99, 0x99999999, NOW);
    stats.report(block, NOW + 500);
    expect(block).toMatchObject({ lastSenderReport: 0x12345678, delaySinceLastSenderReport: 32_768 });
  });

  test('keeps its totals when the SSRC changes, and reports on the new one', () => {
    arrive(10, 12);
    stats.onPacket(7, 500, 60);
    stats.onPacket(7, 502, 60);
    expect(stats).toMatchObject({ packets: 4, lost: 2 });
    stats.report(block, NOW);
    expect(block).toMatchObject({ ssrc: 7, highestSequence: 502, cumulativeLost: 1 });
  });

  test('agrees with a plain count for any set of arrivals', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(500), { minLength: 1 }), (indices) => {
        const fresh = new ReceiveStats(48_000);
        for (const index of indices) fresh.onPacket(SSRC, 70_000 + index, 1);
        expect(fresh.lost).toBe(Math.max(...indices) - Math.min(...indices) + 1 - indices.length);
      }),
    );
  });
});

describe('what we sent', () => {
  const report = { ...createReportBlock(), ssrc: SSRC };

  test('has neither round trip nor loss before a report', () => {
    expect(new SendStats(SSRC)).toMatchObject({ rttMs: null, remoteLossRatio: null, packets: 0, bytes: 0 });
  });

  test('has the round trip of our last sender report, less the time the other side held it', () => {
    const stats = new SendStats(SSRC);
    stats.onReportBlock(
      { ...report, lastSenderReport: compactNtp(NOW), delaySinceLastSenderReport: 65_536 },
      NOW + 1_080,
    );
    expect(stats.rttMs).toBeCloseTo(80, 0);
  });

  test('has no round trip from a report that answers no sender report, or from one that cannot be', () => {
    const stats = new SendStats(SSRC);
    stats.onReportBlock({ ...report, lastSenderReport: 0 }, NOW);
    stats.onReportBlock(
      { ...report, lastSenderReport: compactNtp(NOW), delaySinceLastSenderReport: 65_536 },
      NOW + 900,
    );
    expect(stats.rttMs).toBeNull();
  });

  test('has the loss that the other side counts, as a share of what was sent', () => {
    const stats = new SendStats(SSRC);
    for (let i = 0; i < 50; i++) stats.onPacket(60);
    stats.onReportBlock({ ...report, cumulativeLost: 5 }, NOW);
    expect(stats).toMatchObject({ packets: 50, bytes: 3_000, remoteLossRatio: 0.1 });
    stats.onReportBlock({ ...report, cumulativeLost: -2 }, NOW);
    expect(stats.remoteLossRatio).toBe(0);
  });

  test('ignores reports about somebody else', () => {
    const stats = new SendStats(SSRC);
    stats.onPacket(60);
    stats.onReportBlock({ ...report, ssrc: 1, cumulativeLost: 1, lastSenderReport: compactNtp(NOW) }, NOW);
    expect(stats).toMatchObject({ rttMs: null, remoteLossRatio: null });
  });
});

describe('an unwrapped timestamp', () => {
  test('follows any walk of steps below 2^31 across wraps', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.array(fc.integer({ min: -0x7fffffff, max: 0x7fffffff })), (start, steps) => {
        const unwrapper = new TimestampUnwrapper();
        let line = start;
        expect(unwrapper.unwrap(start)).toBe(start);
        for (const step of steps) {
          line += step;
          const wire = ((line % 2 ** 32) + 2 ** 32) % 2 ** 32;
          expect(unwrapper.unwrap(wire)).toBe(line);
        }
      }),
    );
  });

  test('starts anew after a reset', () => {
    const unwrapper = new TimestampUnwrapper();
    unwrapper.unwrap(0xfffffff0);
    unwrapper.reset();
    expect(unwrapper.unwrap(5)).toBe(5);
  });
});
