import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chronicle, stories, whatIsWrong } from '../support/permission-world/story.ts';

/** More with TALKWIRE_TEST_RUNS, others with TALKWIRE_TEST_SEED. */
const RUNS = Number(process.env['TALKWIRE_TEST_RUNS'] ?? 150);
const SEED = Number(process.env['TALKWIRE_TEST_SEED'] ?? 20_261_120);

const rules = fc.constantFrom(
  {},
  {},
  { stopAfterUnanswered: null },
  { requestTemplate: null },
  { profile: 'sandbox' as const, stopAfterUnanswered: 9 },
  { profile: 'sandbox' as const, stopAfterUnanswered: null },
);

describe('The desk of dials', () => {
  it('never asks Graph for what it could have known to be refused, and never refuses what Graph would allow', async () => {
    const chronicle = new Chronicle();
    await fc.assert(
      fc.asyncProperty(stories(rules), async (story) => {
        expect(await whatIsWrong(story, chronicle)).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect(chronicle.met, chronicle.text).toEqual(
      expect.arrayContaining([
        'placed',
        'picked up',
        'asked',
        'no_permission',
        'call_ongoing',
        'request_limit',
        'request lost',
      ]),
    );
  }, 600_000);
});
