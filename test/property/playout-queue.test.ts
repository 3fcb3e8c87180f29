import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlayoutQueue } from '../../src/audio/index.ts';

const RATE = 8_000;

type Op =
  | { readonly type: 'enqueue'; readonly samples: number; readonly item: string | null; readonly loud: boolean }
  | { readonly type: 'mark' | 'clear' | 'drain' }
  | { readonly type: 'pull'; readonly count: number };

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('enqueue' as const),
      samples: fc.oneof(fc.nat(400), fc.nat(12_000)),
      item: fc.constantFrom(null, 'a', 'b', 'c'),
      loud: fc.boolean(),
    }),
  },
  { weight: 12, arbitrary: fc.record({ type: fc.constant('pull' as const), count: fc.nat(40) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('mark' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('clear' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('drain' as const) }) },
);

describe('the playout queue, whatever the agent does', () => {
  it('accounts for every sample: enqueued = played + discarded + dropped + trimmed + queued', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 150 }), (ops) => {
        const queue = new PlayoutQueue({ sampleRate: RATE, maxMs: 3_000 });
        const out = new Int16Array(RATE / 50);
        let enqueued = 0;
        let discardedMs = 0;
        for (const each of ops) {
          if (each.type === 'enqueue') {
            enqueued += each.samples;
            queue.enqueue(new Int16Array(each.samples).fill(each.loud ? 9_000 : 0), each.item);
          } else if (each.type === 'pull') for (let n = 0; n < each.count; n += 1) queue.pull(out);
          else if (each.type === 'clear') discardedMs += queue.clear().discardedMs;
          else if (each.type === 'mark') queue.mark('m');
          else queue.drain();
          const { playedMs, droppedMs, trimmedMs, queuedMs } = queue.stats();
          const total = playedMs + droppedMs + trimmedMs + queuedMs + discardedMs;
          expect(total * (RATE / 1000)).toBeCloseTo(enqueued, 6);
          expect(queuedMs).toBeLessThanOrEqual(3_000);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('fires or throws away every mark exactly once, in order', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 150 }), (ops) => {
        const queue = new PlayoutQueue({ sampleRate: RATE, maxMs: 3_000 });
        const out = new Int16Array(RATE / 50);
        const over: string[] = [];
        let made = 0;
        const pull = (count: number) => {
          for (let n = 0; n < count; n += 1) over.push(...queue.pull(out).marks);
        };
        for (const each of ops) {
          if (each.type === 'enqueue') queue.enqueue(new Int16Array(each.samples), each.item);
          else if (each.type === 'mark') queue.mark(String(made++));
          else if (each.type === 'pull') pull(each.count);
          else if (each.type === 'clear') over.push(...queue.clear().marks);
          else queue.drain();
        }
        pull(200);
        expect(over).toEqual(Array.from({ length: made }, (_, n) => String(n)));
      }),
      { numRuns: 300 },
    );
  });

  it('never plays more of an item than it got', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 100 }), (ops) => {
        const queue = new PlayoutQueue({ sampleRate: RATE, maxMs: 3_000 });
        const out = new Int16Array(RATE / 50);
        const got = new Map<string, number>();
        for (const each of ops) {
          if (each.type === 'enqueue' && each.item !== null) {
            const refusedMs = queue.enqueue(new Int16Array(each.samples), each.item);
            got.set(each.item, (got.get(each.item) ?? 0) + (each.samples * 1000) / RATE - refusedMs);
          } else if (each.type === 'pull') for (let n = 0; n < each.count; n += 1) queue.pull(out);
          else if (each.type === 'clear') {
            for (const { itemId, playedMs } of queue.clear().items) {
              expect(playedMs).toBeLessThanOrEqual((got.get(itemId) ?? 0) + 1e-6);
            }
            got.clear();
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
