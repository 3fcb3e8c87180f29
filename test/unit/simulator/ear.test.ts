import { describe, expect, it } from 'vitest';
import { Ear, type EarDecoder } from '../../../src/simulator/phone/ear.ts';

const FRAME = 320;

/** Turns a packet of one byte into a frame of that value; marks what it made up. */
function markingDecoder(): EarDecoder {
  return {
    decode: (packet) => new Int16Array(FRAME).fill(packet[0] ?? 0),
    recover: (next) => new Int16Array(FRAME).fill(1000 + (next[0] ?? 0)),
    conceal: () => new Int16Array(FRAME).fill(-1),
  };
}

/** Packet n carries the byte n, is sent at 20 n ms, and arrives `lateMs` after 100 + 20 n. */
function hear(ear: Ear, n: number, lateMs = 0): void {
  ear.hear(Uint8Array.of(n), 5_000 + n, 70_000 + n * 960, 100 + n * 20 + lateMs);
}

/** The value of each 20 ms frame of a track. */
function frames(samples: Int16Array): number[] {
  return Array.from({ length: samples.length / FRAME }, (_, n) => samples[n * FRAME + FRAME / 2] ?? Number.NaN);
}

describe('the ear of the phone', () => {
  it('hears nothing in a call without packets', () => {
    const ear = new Ear(60);
    expect(ear.decode(markingDecoder())).toEqual({
      samples: new Int16Array(0),
      startMs: null,
      arrivalsMs: new Float64Array(0),
      late: 0,
    });
    expect([ear.received, ear.lost, ear.firstArrivalMs]).toEqual([0, 0, null]);
  });

  it('places frames by RTP time, a playout delay after the fastest packet, whatever order they came in', () => {
    const ear = new Ear(60);
    hear(ear, 1, 30);
    hear(ear, 0, 55);
    hear(ear, 3);
    hear(ear, 2, 25);
    const track = ear.decode(markingDecoder());
    expect(frames(track.samples)).toEqual([0, 1, 2, 3]);
    expect(track.startMs).toBe(160);
    expect([...track.arrivalsMs]).toEqual([155, 150, 165, 160]);
    expect(ear.lost).toBe(0);
  });

  it('makes up short holes, the last frame of them from redundancy, and leaves long ones silent', () => {
    const ear = new Ear(60);
    for (const n of [1, 4, 5, 12]) hear(ear, n);
    const { samples, arrivalsMs } = ear.decode(markingDecoder());
    expect(frames(samples)).toEqual([1, -1, 1004, 4, 5, 0, 0, 0, 0, 0, 0, 12]);
    expect([...arrivalsMs.subarray(0, 5)]).toEqual([120, Number.NaN, Number.NaN, 180, 200]);
    expect(ear.lost).toBe(8);
  });

  it('counts duplicates, late packets and gaps', () => {
    const ear = new Ear(60);
    hear(ear, 0);
    hear(ear, 1);
    hear(ear, 1, 1);
    hear(ear, 2, 61);
    hear(ear, 3, 45);
    const { late } = ear.decode(markingDecoder());
    expect({ late, duplicates: ear.duplicates, received: ear.received }).toEqual({
      late: 1,
      duplicates: 1,
      received: 4,
    });
    expect({ gaps: ear.gaps, maxGapMs: ear.maxGapMs }).toEqual({ gaps: 1, maxGapMs: 81 });
  });

  it('is not led to endless memory by a mad RTP time', () => {
    const ear = new Ear(60);
    hear(ear, 0);
    hear(ear, 1);
    ear.hear(Uint8Array.of(9), 5_002, 4_000_000_000, 140);
    expect(frames(ear.decode(markingDecoder()).samples).length).toBeLessThan(600);
  });

  it('keeps a copy of a payload that is only lent', () => {
    const ear = new Ear(60);
    const lent = Uint8Array.of(7);
    ear.hear(lent, 1, 960, 0);
    lent[0] = 8;
    expect(frames(ear.decode(markingDecoder()).samples)).toEqual([7]);
  });
});
