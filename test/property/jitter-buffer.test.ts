import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPulledFrame, JitterBuffer } from '../../src/audio/index.ts';
import { runJitter, type SentPacket, voicePacket } from '../support/jitter-run.ts';

const LENGTHS = [10, 20, 40, 60] as const;

/** A stream of one packet length with any loss, delay, reordering, duplication and pauses of the sender. */
const network = fc
  .record({
    ms: fc.constantFrom(...LENGTHS),
    fates: fc.array(
      fc.record({
        copies: fc.constantFrom(0, 1, 1, 1, 1, 2, 3),
        lateMs: fc.oneof(fc.constant(0), fc.nat(60), fc.nat(1_500)),
        pauseMs: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 60, 400),
        apartMs: fc.nat(300),
      }),
      { minLength: 1, maxLength: 120 },
    ),
    phaseMs: fc.nat(19),
    levels: fc.array(fc.constantFrom(-20, -80), { minLength: 1, maxLength: 10 }),
  })
  .map(({ ms, fates, phaseMs, levels }) => {
    const packets: SentPacket[] = [];
    let timeMs = 0;
    fates.forEach(({ copies, lateMs, pauseMs, apartMs }, n) => {
      timeMs += pauseMs;
      for (let copy = 0; copy < copies; copy += 1) {
        const arrivalMs = timeMs + ms + lateMs + copy * apartMs;
        packets.push({ sequence: n, timestamp: timeMs * 48, arrivalMs, payload: voicePacket(n, ms) });
      }
      timeMs += ms;
    });
    return { packets, untilMs: timeMs + 4_000, phaseMs, levels };
  });

describe('the jitter buffer, whatever the network does', () => {
  it('gives one frame per pull, in order, no packet twice, and comes to rest', () => {
    fc.assert(
      fc.property(network, ({ packets, untilMs, phaseMs, levels }) => {
        const { frames, buffer } = runJitter(packets, {
          untilMs,
          phaseMs,
          levelDb: (atMs) => levels[Math.floor(atMs / 200) % levels.length] ?? -20,
        });
        expect(frames.length).toBe(Math.ceil((untilMs - phaseMs) / 20));
        const given = frames.filter((frame) => frame.kind === 'packet').flatMap((frame) => frame.sequences);
        for (let n = 1; n < given.length; n += 1) expect(given[n]).toBeGreaterThan(given[n - 1] as number);
        const distinct = new Set(packets.map((packet) => packet.sequence)).size;
        const { late, dropped, duplicate, depthMs } = buffer.stats();
        expect(depthMs).toBe(0);
        expect(frames.at(-1)?.kind).toBe('silence');
        expect(duplicate).toBeLessThanOrEqual(packets.length - distinct);
        // Each copy that came was played, dropped, late or a duplicate; a sender's restart may swallow a few.
        expect(given.length + dropped + late + duplicate).toBeLessThanOrEqual(packets.length);
      }),
      { numRuns: 400 },
    );
  });

  it('gives FEC only right before the packet that carries it, and rests only after a long packet', () => {
    fc.assert(
      fc.property(network, ({ packets, untilMs, phaseMs }) => {
        const { frames } = runJitter(packets, { untilMs, phaseMs });
        frames.forEach((frame, n) => {
          if (frame.kind === 'fec') expect(frames[n + 1]?.kind).not.toBe('silence');
          if (frame.kind === 'rest') expect(['packet', 'rest', 'conceal']).toContain(frames[n - 1]?.kind);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('survives any numbers, times and bytes', () => {
    const packet = fc.record({
      payload: fc.uint8Array({ maxLength: 1_500 }),
      sequence: fc.oneof(fc.nat(200), fc.integer(), fc.maxSafeInteger()),
      timestamp: fc.oneof(fc.nat(200_000), fc.integer(), fc.maxSafeInteger()),
      pulls: fc.nat(5),
      jumpMs: fc.oneof(fc.nat(40), fc.nat(100_000)),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 200 }), (packets) => {
        const buffer = new JitterBuffer();
        const into = createPulledFrame();
        let now = 0;
        for (const { payload, sequence, timestamp, pulls, jumpMs } of packets) {
          buffer.push(payload, sequence, timestamp, now);
          for (let n = 0; n < pulls; n += 1) {
            buffer.pull(now, into);
            now += 20;
          }
          now += jumpMs;
          const { depthMs, targetMs } = buffer.stats();
          expect(depthMs).toBeGreaterThanOrEqual(0);
          expect(targetMs).toBeGreaterThanOrEqual(20);
          expect(targetMs).toBeLessThanOrEqual(120);
        }
      }),
      { numRuns: 300 },
    );
  });
});
