import { describe, expect, it } from 'vitest';
import { levelDb, PlayoutQueue, type PullResult, sineTone } from '../../../src/audio/index.ts';

const RATE = 16_000;
const FRAME = 320;

/** `ms` of a constant, so that every sample tells that it is there. */
const sound = (ms: number, value = 1_000) => new Int16Array((ms * RATE) / 1000).fill(value);

function make() {
  const queue = new PlayoutQueue({ sampleRate: RATE });
  const pulls: (PullResult & { pcm: Int16Array })[] = [];
  const pull = () => {
    const pcm = new Int16Array(FRAME);
    const record = { ...queue.pull(pcm), pcm };
    pulls.push(record);
    return record;
  };
  const pullMany = (count: number) => Array.from({ length: count }, pull);
  return { queue, pull, pullMany, pulls };
}

const kinds = (pulls: readonly PullResult[]) => pulls.map((each) => each.kind);
const played = (pulls: readonly { pcm: Int16Array }[]) =>
  pulls.reduce((sum, { pcm }) => sum + pcm.filter((sample) => sample !== 0).length, 0);

/** An agent that sends `chunkMs` at a time in real time, the n-th chunk `lateMs(n)` late; pulled every 20 ms. */
function realTime(
  queue: PlayoutQueue,
  { chunkMs = 20, totalMs = 10_000, pullPhaseMs = 7, lateMs = (_: number) => 0, make = sound },
) {
  const out = new Int16Array(FRAME);
  const waits: number[] = [];
  let enqueued = 0;
  for (let atMs = 0; atMs < totalMs; atMs += 1) {
    while (enqueued * chunkMs + lateMs(enqueued) <= atMs) {
      queue.enqueue(make(chunkMs), null);
      enqueued += 1;
    }
    if (atMs % 20 === pullPhaseMs) {
      const { queuedMs } = queue.stats();
      if (queue.pull(out).kind === 'audio') waits.push(queuedMs);
    }
  }
  return { waits };
}

describe('starting a talkspurt', () => {
  it('waits until 40 ms are queued', () => {
    const { queue, pull } = make();
    queue.enqueue(sound(20), null);
    expect(pull().kind).toBe('silence');
    queue.enqueue(sound(20), null);
    expect(pull()).toMatchObject({ kind: 'audio', talkspurt: true });
    expect(pull()).toMatchObject({ kind: 'audio', talkspurt: false });
  });

  it('plays a clip of 10 ms after it has waited as long', () => {
    const { queue, pullMany, pulls } = make();
    queue.enqueue(sound(10), null);
    expect(kinds(pullMany(4))).toEqual(['silence', 'silence', 'audio', 'silence']);
    // The 10 ms and 5 ms of dying away, in which the last sample is zero.
    expect(played(pulls)).toBe(160 + 79);
  });

  it('plays seconds at once without delay and without loss', () => {
    const { queue, pullMany, pulls } = make();
    queue.enqueue(sound(3_000), null);
    expect(new Set(kinds(pullMany(150)))).toEqual(new Set(['audio']));
    expect(played(pulls)).toBe(3 * RATE);
    expect(queue.stats()).toMatchObject({ underruns: 0, playedMs: 3_000, droppedMs: 0, queuedMs: 0 });
  });
});

describe('an agent that paces in real time', () => {
  for (const pullPhaseMs of [0, 5, 10, 15, 19]) {
    it(`never runs dry with 15 ms of jitter, and waits 60 ms at most (pull phase ${pullPhaseMs})`, () => {
      const { queue } = make();
      const { waits } = realTime(queue, { pullPhaseMs, lateMs: (n) => (n * 7) % 16 });
      expect(queue.stats().underruns).toBe(0);
      expect(waits.length).toBeGreaterThan(490);
      expect([...waits].sort((a, b) => a - b)[Math.floor(waits.length * 0.95)]).toBeLessThanOrEqual(60);
    });
  }

  it('is given more reserve after an underrun until it fits, and less again when all is well', () => {
    const { queue } = make();
    realTime(queue, { chunkMs: 100, totalMs: 20_000, lateMs: (n) => (n % 3) * 30 });
    const early = queue.stats();
    expect(early.underruns).toBeGreaterThan(0);
    expect(early.underruns).toBeLessThan(8);
    expect(early.primeMs).toBeGreaterThan(40);
    expect(early.primeMs).toBeLessThanOrEqual(200);
    realTime(queue, { totalMs: 90_000 });
    expect(queue.stats().primeMs).toBe(40);
  });

  it('that was held up gets back to its small delay in its own pauses', () => {
    const { queue } = make();
    let atMs = 0;
    const speechWithPauses = (ms: number) => {
      atMs += ms;
      return sound(ms, atMs % 3_000 < 1_500 ? 1_000 : 0);
    };
    const { waits } = realTime(queue, {
      totalMs: 30_000,
      lateMs: (n) => (n >= 100 && n < 115 ? (115 - n) * 20 : 0),
      make: speechWithPauses,
    });
    expect(Math.max(...waits)).toBeGreaterThan(200);
    expect(Math.max(...waits.slice(-200))).toBeLessThanOrEqual(100);
    expect(queue.stats().trimmedMs).toBeGreaterThan(100);
  });

  it('is judged anew after a clear', () => {
    const { queue, pullMany } = make();
    realTime(queue, { totalMs: 8_000, lateMs: (n) => (n >= 100 && n < 115 ? (115 - n) * 20 : 0) });
    expect(queue.stats().queuedMs).toBeGreaterThan(200);
    queue.clear();
    queue.enqueue(sound(3_000, 0), null);
    pullMany(150);
    expect(queue.stats().trimmedMs).toBe(0);
  });

  it('that sends faster than real time is never trimmed, however quiet', () => {
    const { queue, pullMany } = make();
    for (let n = 0; n < 10; n += 1) {
      queue.enqueue(sound(2_000, 0), null);
      pullMany(50);
    }
    pullMany(600);
    expect(queue.stats()).toMatchObject({ trimmedMs: 0, playedMs: 20_000 });
  });
});

describe('an underrun', () => {
  it('is counted when more comes within half a second, and primes anew', () => {
    const { queue, pull, pullMany } = make();
    queue.enqueue(sound(40), null);
    pullMany(4);
    expect(queue.stats().underruns).toBe(0);
    queue.enqueue(sound(40), null);
    expect(queue.stats()).toMatchObject({ underruns: 1, primeMs: 60 });
    expect(pull().kind).toBe('silence');
    queue.enqueue(sound(20), null);
    expect(pull()).toMatchObject({ kind: 'audio', talkspurt: true });
  });

  it('is none when the talkspurt was over', () => {
    const { queue, pullMany } = make();
    queue.enqueue(sound(40), null);
    pullMany(2 + 30);
    queue.enqueue(sound(40), null);
    expect(queue.stats()).toMatchObject({ underruns: 0, primeMs: 40 });
  });

  it('is none after a clear', () => {
    const { queue, pullMany } = make();
    queue.enqueue(sound(40), null);
    pullMany(4);
    queue.clear();
    queue.enqueue(sound(40), null);
    expect(queue.stats().underruns).toBe(0);
  });

  it('makes no click: the sound dies away and comes up again within 5 ms', () => {
    const { queue, pullMany, pulls } = make();
    queue.enqueue(sound(47, 12_000), null);
    pullMany(4);
    queue.enqueue(sound(200, 12_000), null);
    pullMany(9);
    expect(queue.stats().playedMs).toBeGreaterThan(200);
    const all = Int16Array.from(pulls.flatMap(({ pcm }) => [...pcm]));
    const steps = all.slice(1).map((sample, n) => Math.abs(sample - (all[n] ?? 0)));
    expect(Math.max(...steps.slice(10))).toBeLessThanOrEqual(12_000 / 80 + 1);
  });
});

describe('clear', () => {
  it('empties the queue within a frame and fades out what was heard', () => {
    const { queue, pull, pullMany } = make();
    queue.enqueue(sound(1_000, 12_000), 'a');
    pullMany(10);
    expect(queue.clear()).toEqual({ items: [{ itemId: 'a', playedMs: 200 }], marks: [], discardedMs: 800 });
    const fade = pull();
    expect(fade.kind).toBe('audio');
    expect(fade.pcm[0]).toBeGreaterThan(11_000);
    expect(fade.pcm.subarray(80).every((sample) => sample === 0)).toBe(true);
    expect(pull().kind).toBe('silence');
  });

  it('says to the sample what was played of each item, and what was not begun', () => {
    const { queue, pullMany } = make();
    queue.enqueue(new Int16Array(500).fill(1), 'a');
    queue.enqueue(new Int16Array(1_000).fill(1), 'b');
    queue.enqueue(new Int16Array(200).fill(1), null);
    queue.enqueue(new Int16Array(300).fill(1), 'c');
    pullMany(3);
    expect(queue.clear()).toEqual({
      items: [
        { itemId: 'b', playedMs: (460 * 1000) / RATE },
        { itemId: 'c', playedMs: 0 },
      ],
      marks: [],
      discardedMs: ((2_000 - 960) * 1000) / RATE,
    });
  });

  it('adds up an item that comes in pieces', () => {
    const { queue, pullMany } = make();
    for (let n = 0; n < 10; n += 1) queue.enqueue(sound(20), 'a');
    pullMany(5);
    for (let n = 0; n < 10; n += 1) queue.enqueue(sound(20), 'a');
    pullMany(5);
    expect(queue.clear().items).toEqual([{ itemId: 'a', playedMs: 200 }]);
  });

  it('still tells of the last item when it was played to its end', () => {
    const { queue, pullMany } = make();
    queue.enqueue(sound(100), 'a');
    queue.enqueue(sound(100), 'b');
    pullMany(20);
    expect(queue.clear().items).toEqual([{ itemId: 'b', playedMs: 100 }]);
    expect(queue.clear()).toEqual({ items: [], marks: [], discardedMs: 0 });
  });

  it('throws away the marks that did not fire, and names them', () => {
    const { queue, pullMany } = make();
    queue.enqueue(sound(40), null);
    queue.mark('early');
    queue.enqueue(sound(400), null);
    queue.mark('late');
    const fired = pullMany(3).flatMap((each) => each.marks);
    expect(fired).toEqual(['early']);
    expect(queue.clear().marks).toEqual(['late']);
    expect(pullMany(30).flatMap((each) => each.marks)).toEqual([]);
  });
});

describe('marks', () => {
  it('fire with the frame that holds the last of the sound before them', () => {
    const { queue, pull } = make();
    queue.enqueue(sound(40), null);
    queue.mark('a');
    queue.mark('b');
    queue.enqueue(sound(10), null);
    queue.mark('c');
    expect(pull().marks).toEqual([]);
    expect(pull().marks).toEqual(['a', 'b']);
    expect(pull().marks).toEqual(['c']);
  });

  it('fire with the next pull when nothing is queued', () => {
    const { queue, pull } = make();
    queue.mark('a');
    expect(pull()).toMatchObject({ kind: 'silence', marks: ['a'] });
    expect(pull().marks).toEqual([]);
  });

  it('are refused when thousands wait', () => {
    const { queue } = make();
    queue.enqueue(sound(1_000), null);
    const taken = Array.from({ length: 5_000 }, (_, n) => queue.mark(String(n))).filter(Boolean).length;
    expect(taken).toBe(4_096);
  });
});

describe('drain', () => {
  it('plays what is there without priming, takes nothing new, and tells once when it is over', () => {
    const { queue, pullMany } = make();
    queue.enqueue(sound(30), null);
    queue.drain();
    expect(queue.enqueue(sound(50), null)).toBe(50);
    const pulls = pullMany(4);
    expect(kinds(pulls).slice(0, 2)).toEqual(['audio', 'audio']);
    expect(pulls.map((each) => each.drained)).toEqual([false, true, false, false]);
    expect(queue.stats()).toMatchObject({ playedMs: 30, droppedMs: 50 });
  });

  it('leaves out the silence at the end, though not the pauses before, and marks in it fire with the last sound', () => {
    const { queue, pullMany } = make();
    queue.enqueue(sound(20), 'words');
    queue.enqueue(new Int16Array(20 * (RATE / 1000)), 'words');
    queue.enqueue(sound(20), 'words');
    queue.mark('said');
    // Two seconds as Pipecat ends a call with, in the zeros of A-law.
    queue.enqueue(sound(2_000, -8), 'silence');
    queue.mark('end');
    queue.drain();
    expect(queue.stats()).toMatchObject({ queuedMs: 60, trimmedMs: 2_000 });
    const pulls = pullMany(4);
    expect(pulls.map((each) => each.drained)).toEqual([false, false, true, false]);
    expect(pulls.map((each) => each.marks)).toEqual([[], [], ['said', 'end'], []]);
  });

  it('of nothing but silence is over with the next pull, and its marks with it', () => {
    const { queue, pull } = make();
    queue.enqueue(sound(500, 0), null);
    queue.mark('end');
    queue.drain();
    expect(pull()).toMatchObject({ drained: true, marks: ['end'], kind: 'silence' });
  });

  it('of an empty queue is over with the next pull', () => {
    const { queue, pull } = make();
    queue.drain();
    expect(pull().drained).toBe(true);
  });
});

describe('bounds', () => {
  it('refuses what is over the limit and says how much', () => {
    const queue = new PlayoutQueue({ sampleRate: RATE, maxMs: 1_500 });
    expect(queue.enqueue(sound(1_000), null)).toBe(0);
    expect(queue.enqueue(sound(1_000), null)).toBe(500);
    expect(queue.enqueue(sound(20), null)).toBe(20);
    expect(queue.stats()).toMatchObject({ queuedMs: 1_500, droppedMs: 520 });
  });

  it('keeps the sound unchanged while the ring grows and wraps', () => {
    const { queue, pullMany, pulls } = make();
    const tone = sineTone(RATE, 440, 6_000);
    queue.enqueue(tone.subarray(0, 12_345), null);
    pullMany(30);
    queue.enqueue(tone.subarray(12_345), null);
    pullMany(270);
    expect(Int16Array.from(pulls.flatMap(({ pcm }) => [...pcm]))).toEqual(tone);
  });

  it('gives its memory back after ten seconds without sound', () => {
    const { queue, pullMany } = make();
    queue.enqueue(sound(5_000), null);
    expect(queue.stats().capacityMs).toBeGreaterThanOrEqual(5_000);
    pullMany(250 + 490);
    expect(queue.stats().capacityMs).toBeGreaterThanOrEqual(5_000);
    pullMany(20);
    expect(queue.stats().capacityMs).toBe(1_000);
    queue.enqueue(sound(100), null);
    expect(pullMany(5).every((each) => each.kind === 'audio')).toBe(true);
  });

  it('refuses a frame of the wrong length', () => {
    expect(() => new PlayoutQueue({ sampleRate: RATE }).pull(new Int16Array(100))).toThrow(RangeError);
  });

  it('is silent to the last bit when nothing is queued', () => {
    const { pull } = make();
    expect(levelDb(pull().pcm)).toBe(-127);
  });
});
