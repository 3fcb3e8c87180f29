import { describe, expect, it } from 'vitest';
import { createPulledFrame, JitterBuffer } from '../../../src/audio/index.ts';
import {
  dtxPacket,
  type PulledRecord,
  runJitter,
  type SentPacket,
  stream,
  voicePacket,
} from '../../support/jitter-run.ts';

const kinds = (frames: readonly PulledRecord[]) => frames.map((frame) => frame.kind);
const played = (frames: readonly PulledRecord[]) => frames.filter((frame) => frame.kind === 'packet');
const count = (frames: readonly PulledRecord[], kind: string) => kinds(frames).filter((each) => each === kind).length;

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Repeatable noise, 0..1. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('on a clean network', () => {
  for (const phaseMs of [0, 1, 7, 13, 19]) {
    it(`plays every packet once, in order, within 40 ms (pull ${phaseMs} ms after the frame border)`, () => {
      const { frames, buffer } = runJitter(stream(500), { untilMs: 500 * 20, phaseMs });
      const numbers = played(frames).map((frame) => frame.sequence as number);
      expect(numbers).toEqual(numbers.map((_, n) => 100 + n));
      expect(numbers.length).toBeGreaterThan(495);
      expect(
        percentile(
          played(frames).map((frame) => frame.heldMs as number),
          0.95,
        ),
      ).toBeLessThanOrEqual(40);
      expect(buffer.stats()).toMatchObject({ late: 0, concealed: 0, fec: 0, dropped: 0, targetMs: 20 });
    });
  }

  it('gives silence until the first packet was there for a frame', () => {
    const { frames } = runJitter(stream(10), { untilMs: 80, phaseMs: 5 });
    expect(kinds(frames)).toEqual(['silence', 'silence', 'packet', 'packet']);
  });

  it('keeps the delay under 60 ms (p95) with a few milliseconds of jitter', () => {
    const random = noise(7);
    const { frames, buffer } = runJitter(
      stream(3_000, () => random() * 8),
      { untilMs: 60_000, phaseMs: 3 },
    );
    expect(
      percentile(
        played(frames).map((frame) => frame.heldMs as number),
        0.95,
      ),
    ).toBeLessThanOrEqual(60);
    expect(buffer.stats().concealed).toBeLessThanOrEqual(2);
    expect(buffer.stats().late).toBe(0);
  });
});

describe('when packets are missing', () => {
  it('asks for the FEC of the next packet, and plays that packet after it', () => {
    const { frames } = runJitter(
      stream(100, (n) => (n === 50 ? null : 0)),
      { untilMs: 2_000, phaseMs: 19 },
    );
    const fec = frames.findIndex((frame) => frame.kind === 'fec');
    expect(frames[fec]?.sequence).toBe(151);
    expect(frames[fec + 1]).toMatchObject({ kind: 'packet', sequence: 151 });
    expect(count(frames, 'fec')).toBe(1);
  });

  it('plays as many frames as were sent when some are lost: time does not jump', () => {
    const lost = new Set([30, 31, 32, 60, 75, 76]);
    const { frames } = runJitter(
      stream(200, (n) => (lost.has(n) ? null : 0)),
      { untilMs: 4_000, phaseMs: 10 },
    );
    const first = frames.findIndex((frame) => frame.kind === 'packet');
    const last = frames.findLastIndex((frame) => frame.kind === 'packet');
    const sent = (frames[last]?.sequence ?? 0) - (frames[first]?.sequence ?? 0) + 1;
    // At most the frames by which the buffer grew once come on top.
    expect(last - first + 1 - sent).toBeGreaterThanOrEqual(0);
    expect(last - first + 1 - sent).toBeLessThanOrEqual(3);
  });

  it('holds one frame more while FEC is worth it, and gives it back in a pause', () => {
    const { buffer } = runJitter(
      stream(400, (n) => (n % 10 === 9 ? null : 0)),
      { untilMs: 8_000 },
    );
    expect(buffer.stats().targetMs).toBe(40);
    expect(buffer.stats().fec).toBeGreaterThan(30);
    const calm = stream(2_000).filter((packet) => packet.sequence >= 500);
    runJitter(calm, { untilMs: 40_000, phaseMs: 8_013, levelDb: -70 }, buffer);
    expect(buffer.stats().targetMs).toBe(20);
    expect(buffer.stats().delayMs).toBeLessThanOrEqual(30);
  });

  it('conceals for 100 ms, then is silent, then goes on', () => {
    const { frames } = runJitter(
      stream(200, (n) => (n >= 50 && n < 100 ? null : 0)),
      { untilMs: 4_000 },
    );
    const gap = frames.slice(
      frames.findIndex((frame) => frame.kind === 'conceal'),
      frames.findIndex((frame) => frame.sequence === 200),
    );
    expect(kinds(gap).slice(0, 5)).toEqual(Array(5).fill('conceal'));
    expect(new Set(kinds(gap).slice(5))).toEqual(new Set(['silence']));
    expect(played(frames).at(-1)?.sequence).toBeGreaterThan(294);
  });

  it('treats bytes that are no Opus packet as lost', () => {
    const packets = stream(50).map((packet) =>
      packet.sequence === 120 ? { ...packet, payload: Uint8Array.of(0x4b, 0x3f) } : packet,
    );
    const { frames } = runJitter(packets, { untilMs: 1_000 });
    expect(played(frames).some((frame) => frame.sequence === 120)).toBe(false);
    expect(played(frames).at(-1)?.sequence).toBeGreaterThan(145);
  });
});

describe('when packets are late', () => {
  it('loses nothing to a stall that is shorter than the longest hold', () => {
    const { frames, buffer } = runJitter(
      stream(150, (n) => (n >= 100 && n < 104 ? (104 - n) * 20 : 0)),
      { untilMs: 3_000 },
    );
    const numbers = played(frames).map((frame) => frame.sequence as number);
    expect(numbers).toEqual(numbers.map((_, n) => 100 + n));
    expect(buffer.stats()).toMatchObject({ late: 0, dropped: 0 });
    expect(buffer.stats().concealed).toBeGreaterThan(0);
  });

  it('takes the delay of a stall out again in a pause', () => {
    const { frames, buffer } = runJitter(
      stream(1_500, (n) => (n >= 100 && n < 104 ? (104 - n) * 20 : 0)),
      { untilMs: 30_000, levelDb: (atMs) => (atMs > 20_000 ? -70 : -20) },
    );
    expect(buffer.stats().dropped).toBeGreaterThan(0);
    expect(played(frames).at(-1)?.heldMs).toBeLessThanOrEqual(40);
  });

  it('comes back within its bounds after a stall of a second', () => {
    const { frames, buffer } = runJitter(
      stream(500, (n) => (n >= 100 && n < 150 ? (150 - n) * 20 : 0)),
      { untilMs: 10_000 },
    );
    const after = played(frames).filter((frame) => (frame.sequence as number) > 260);
    expect(after.length).toBeGreaterThan(330);
    expect(Math.max(...after.map((frame) => frame.heldMs as number))).toBeLessThanOrEqual(160);
    expect(buffer.stats().late + buffer.stats().dropped).toBeGreaterThan(30);
  });

  it('plays packets that overtook each other in order, and waits for nearly all of them', () => {
    const random = noise(3);
    const { frames, buffer } = runJitter(
      stream(2_000, () => random() * 100),
      { untilMs: 40_000 },
    );
    const numbers = played(frames).map((frame) => frame.sequence as number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(buffer.stats().targetMs).toBeGreaterThan(100);
    expect(buffer.stats().targetMs).toBeLessThanOrEqual(120);
    expect(buffer.stats().late).toBeLessThan(10);
    expect(played(frames).length).toBeGreaterThan(1_980);
  });

  it('takes the delay of a stall out of speech too if no pause comes', () => {
    const { frames, buffer } = runJitter(
      stream(1_500, (n) => (n >= 100 && n < 104 ? (104 - n) * 20 : 0)),
      { untilMs: 30_000 },
    );
    expect(buffer.stats().dropped).toBeGreaterThan(0);
    expect(played(frames).at(-1)?.heldMs).toBeLessThanOrEqual(80);
  });

  it('follows a path that became slower for good within two seconds, jitter and all', () => {
    const random = noise(5);
    const { frames } = runJitter(
      stream(500, (n) => random() * 35 + (n >= 200 ? 400 : 0)),
      { untilMs: 10_000 },
    );
    const later = frames.filter((frame) => frame.atMs > 6_400);
    expect(played(later).length / later.length).toBeGreaterThan(0.97);
    expect(Math.max(...played(later).map((frame) => frame.heldMs as number))).toBeLessThanOrEqual(100);
  });

  it('leaves out at once what piled up while its own thread slept, even of speech', () => {
    const { frames, buffer } = runJitter(stream(200), { untilMs: 4_000, sleepMs: [1_000, 1_600] });
    const after = played(frames).filter((frame) => frame.atMs > 1_650);
    expect(Math.max(...after.map((frame) => frame.heldMs as number))).toBeLessThanOrEqual(160);
    expect(buffer.stats().dropped).toBeGreaterThan(15);
  });

  it('survives a sender whose clock is 200 ppm off, either way, without losing speech', () => {
    for (const ppm of [-200, 200]) {
      const { frames, buffer } = runJitter(
        stream(15_000, (n) => (n * 20 * ppm) / 1e6 + 20),
        { untilMs: 300_000, levelDb: (atMs) => (atMs % 3_000 < 1_000 ? -70 : -20) },
      );
      expect(Math.abs(played(frames).length - 15_000)).toBeLessThan(20);
      expect(buffer.stats().late).toBe(0);
      expect(
        percentile(
          played(frames).map((frame) => frame.heldMs as number),
          0.99,
        ),
      ).toBeLessThanOrEqual(60);
    }
  });
});

describe('when the sender pauses', () => {
  const pausing = (): SentPacket[] => [
    ...stream(50),
    { sequence: 150, timestamp: 5_000 + 50 * 960, arrivalMs: 51 * 20, payload: dtxPacket() },
    ...stream(300)
      .filter((packet) => packet.sequence >= 200)
      .map((packet) => ({ ...packet, sequence: packet.sequence - 49, payload: voicePacket(packet.sequence - 49) })),
  ];

  it('does not take the jump of the timestamps for loss', () => {
    const { frames, buffer } = runJitter(pausing(), { untilMs: 6_000 });
    expect(buffer.stats()).toMatchObject({ fec: 0, late: 0, dropped: 0, concealed: 0, resyncs: 0 });
    expect(played(frames).map((frame) => frame.sequence)).toEqual(
      Array.from({ length: played(frames).length }, (_, n) => 100 + n),
    );
  });

  it('is as quick after the pause as before', () => {
    const { frames } = runJitter(pausing(), { untilMs: 6_000 });
    expect(Math.max(...played(frames).map((frame) => frame.heldMs as number))).toBeLessThanOrEqual(40);
  });

  it('uses the pause to take out the delay that a stall left', () => {
    const stalled = stream(500, (n) => (n >= 470 && n < 474 ? (474 - n) * 20 : 0));
    const dtx = { sequence: 600, timestamp: 5_000 + 500 * 960, arrivalMs: 501 * 20, payload: dtxPacket() };
    const resumed = stream(600)
      .filter((packet) => packet.sequence >= 605)
      .map((packet) => ({ ...packet, sequence: packet.sequence - 4, payload: voicePacket(packet.sequence - 4) }));
    const { frames, buffer } = runJitter([...stalled, dtx, ...resumed], { untilMs: 12_000 });
    const before = played(frames).filter((frame) => (frame.sequence as number) === 599);
    const after = played(frames).filter((frame) => (frame.sequence as number) > 600);
    expect(before[0]?.heldMs).toBeGreaterThan(80);
    expect(Math.max(...after.map((frame) => frame.heldMs as number))).toBeLessThanOrEqual(60);
    expect(buffer.stats().dropped).toBe(0);
  });

  it('takes up a sender whose clock stood still in the pause', () => {
    const resumed = stream(100).map((packet) => ({
      ...packet,
      sequence: packet.sequence + 50,
      timestamp: packet.timestamp + 50 * 960,
      arrivalMs: packet.arrivalMs + 1_000 + 1_500,
      payload: voicePacket(packet.sequence + 50),
    }));
    const { frames } = runJitter([...stream(50), ...resumed], { untilMs: 4_500, levelDb: -20 });
    expect(played(frames).filter((frame) => (frame.sequence as number) >= 150).length).toBeGreaterThan(90);
  });
});

describe('packets of other lengths', () => {
  it('puts two packets of 10 ms into one frame', () => {
    const { frames } = runJitter(
      stream(200, () => 0, 10),
      { untilMs: 2_000 },
    );
    const pairs = played(frames);
    expect(pairs.length).toBeGreaterThan(95);
    expect(pairs.every((frame) => frame.sequences.length === 2)).toBe(true);
  });

  it('gives a packet of 60 ms once and its rest twice', () => {
    const { frames } = runJitter(
      stream(40, () => 0, 60),
      { untilMs: 2_400 },
    );
    const begun = frames.slice(frames.findIndex((frame) => frame.kind === 'packet'));
    expect(kinds(begun).slice(0, 9)).toEqual([
      'packet',
      'rest',
      'rest',
      'packet',
      'rest',
      'rest',
      'packet',
      'rest',
      'rest',
    ]);
  });
});

describe('bookkeeping', () => {
  it('counts duplicates, before and after they were played, and plays them once', () => {
    const packets = stream(100);
    const again = packets
      .filter((packet) => packet.sequence % 10 === 0)
      .map((packet) => ({ ...packet, arrivalMs: packet.arrivalMs + 1 }));
    const muchLater = packets
      .filter((packet) => packet.sequence % 10 === 5)
      .map((packet) => ({ ...packet, arrivalMs: packet.arrivalMs + 200 }));
    const { frames, buffer } = runJitter([...packets, ...again, ...muchLater], { untilMs: 2_300 });
    expect(buffer.stats()).toMatchObject({ duplicate: 20, late: 0 });
    expect(played(frames).length).toBe(100);
  });

  it('counts what comes after its place was played as late', () => {
    const { buffer } = runJitter(
      stream(100, (n) => (n === 50 ? 300 : 0)),
      { untilMs: 2_000 },
    );
    expect(buffer.stats()).toMatchObject({ late: 1, duplicate: 0 });
  });

  it('begins anew when the sender does, but not for one stray packet', () => {
    const stray = { sequence: 40_000, timestamp: 77_777_777, arrivalMs: 1_005, payload: voicePacket(40_000) };
    const restarted = stream(100).map((packet) => ({
      sequence: packet.sequence + 20_000,
      timestamp: packet.timestamp + 123_456_789,
      arrivalMs: packet.arrivalMs + 2_000,
      payload: voicePacket(packet.sequence + 20_000),
    }));
    const { frames, buffer } = runJitter([...stream(100), stray, ...restarted], { untilMs: 4_000 });
    const numbers = played(frames).map((frame) => frame.sequence as number);
    expect(numbers).not.toContain(40_000);
    expect(numbers.filter((number) => number < 1_000).length).toBe(100);
    expect(numbers.filter((number) => number > 20_000).length).toBeGreaterThan(95);
    expect(buffer.stats().resyncs).toBe(1);
  });

  it('takes numbers below zero, as an unwrapper gives for a packet from before the first', () => {
    const packets = stream(20).map((packet) => ({
      ...packet,
      sequence: packet.sequence - 101,
      payload: voicePacket(packet.sequence - 101),
    }));
    const swapped = packets.map((packet, n) => (n === 0 ? { ...packet, arrivalMs: packet.arrivalMs + 21 } : packet));
    const { frames } = runJitter(swapped, { untilMs: 400, phaseMs: 15 });
    expect(played(frames)[0]?.sequence).toBe(-1);
  });

  it('reports the sound that waits', () => {
    const buffer = new JitterBuffer();
    for (let n = 0; n < 3; n += 1) buffer.push(voicePacket(n), n, n * 960, 20 + n * 20);
    expect(buffer.stats().depthMs).toBe(60);
    buffer.pull(65, createPulledFrame());
    expect(buffer.stats().depthMs).toBe(40);
  });

  it('stays bounded when nobody pulls', () => {
    const buffer = new JitterBuffer();
    for (let n = 0; n < 500; n += 1) buffer.push(voicePacket(n), n, n * 960, n * 20);
    expect(buffer.stats().depthMs).toBeLessThanOrEqual(64 * 20);
    expect(buffer.stats().dropped).toBe(500 - 64);
  });
});
