import { beforeEach, describe, expect, it } from 'vitest';
import { CallerQueue } from '../../../src/agents/net/caller-queue.ts';

const SAMPLES = 160;
const BYTES = 100;

interface Sent {
  readonly value: number;
  readonly mediaTimeMs: number;
  readonly gapMs: number;
}

let outlet: { unreadBytes: number };
let sent: Sent[];
let queue: CallerQueue;
let pushed: number;

beforeEach(() => {
  outlet = { unreadBytes: 0 };
  sent = [];
  pushed = 0;
  queue = new CallerQueue(outlet, SAMPLES, BYTES, (pcm, mediaTimeMs, gapMs) => {
    sent.push({ value: pcm[SAMPLES - 1]!, mediaTimeMs, gapMs });
  });
});

const pcm = new Int16Array(SAMPLES);

/** Frames that hold their own number, every 20 ms. */
function push(frames = 1): boolean {
  let alive = true;
  for (let i = 0; i < frames; i += 1) {
    alive = queue.push(pcm.fill(pushed), pushed * 20);
    pushed += 1;
  }
  return alive;
}

describe('caller sound', () => {
  it('goes at once while the agent reads', () => {
    push(3);
    expect(sent).toEqual([0, 1, 2].map((value) => ({ value, mediaTimeMs: value * 20, gapMs: 0 })));
  });

  it('goes while no more than 100 ms wait in the socket', () => {
    outlet.unreadBytes = 5 * BYTES;
    push();
    expect(sent).toHaveLength(1);
    outlet.unreadBytes = 5 * BYTES + 1;
    push();
    expect(sent).toHaveLength(1);
  });

  it('waits 400 ms for an agent that does not read, and is whole after', () => {
    outlet.unreadBytes = 10_000;
    push(20);
    expect(sent).toEqual([]);
    outlet.unreadBytes = 0;
    push();
    expect(sent.map(({ value }) => value)).toEqual(Array.from({ length: 21 }, (_, i) => i));
    expect(sent.every(({ gapMs }) => gapMs === 0)).toBe(true);
    expect(queue.droppedMs).toBe(0);
  });

  it('loses the oldest past that: media time goes on, and the gap is told once, where it is', () => {
    push(2);
    outlet.unreadBytes = 10_000;
    push(50);
    expect(queue.droppedMs).toBe(600);
    outlet.unreadBytes = 0;
    push(2);
    expect(sent.slice(2).map(({ value }) => value)).toEqual(Array.from({ length: 22 }, (_, i) => i + 32));
    expect(sent.every(({ value, mediaTimeMs }) => mediaTimeMs === value * 20)).toBe(true);
    expect(sent.filter(({ gapMs }) => gapMs > 0)).toEqual([{ value: 32, mediaTimeMs: 640, gapMs: 600 }]);
    expect(queue.droppedMs).toBe(600);
  });

  it('stays in order when the socket takes only some of it', () => {
    outlet.unreadBytes = 10_000;
    push(10);
    let room = 3;
    queue = new CallerQueue(
      {
        get unreadBytes() {
          return room > 0 ? 0 : 10_000;
        },
      },
      SAMPLES,
      BYTES,
      (each) => {
        sent.push({ value: each[0]!, mediaTimeMs: 0, gapMs: 0 });
        room -= 1;
      },
    );
    sent = [];
    pushed = 0;
    room = 0;
    push(5);
    room = 3;
    push();
    room = 10;
    push();
    expect(sent.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('finds the agent stalled after 5 s of nothing', () => {
    outlet.unreadBytes = 10_000;
    expect(push(249)).toBe(true);
    expect(push()).toBe(false);
    expect(push()).toBe(false);
  });

  it('gives an agent that read one frame its 5 s anew', () => {
    outlet.unreadBytes = 10_000;
    expect(push(249)).toBe(true);
    outlet.unreadBytes = 0;
    expect(push()).toBe(true);
    outlet.unreadBytes = 10_000;
    expect(push(249)).toBe(true);
    expect(push()).toBe(false);
  });

  it('is copied while it waits', () => {
    outlet.unreadBytes = 10_000;
    push(2);
    pcm.fill(-1);
    outlet.unreadBytes = 0;
    push();
    expect(sent.map(({ value }) => value)).toEqual([0, 1, 2]);
  });
});
