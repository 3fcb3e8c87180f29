import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type * as LimitsData from '../../src/permissions/limits-data.ts';
import { Chronicle, stories, whatIsWrong } from '../support/permission-world/story.ts';

/** More with TALKWIRE_TEST_RUNS, others with TALKWIRE_TEST_SEED. */
const RUNS = Number(process.env['TALKWIRE_TEST_RUNS'] ?? 100);
const SEED = Number(process.env['TALKWIRE_TEST_SEED'] ?? 20_261_121);

/** As if Meta had made all of its limits so small that a few moves reach them, and we had written that down. */
vi.mock('../../src/permissions/limits-data.ts', async (importOriginal) => {
  const data = await importOriginal<typeof LimitsData>();
  const [day] = data.LIMIT_NUMBERS.production.connectedCalls;
  const { periodMs } = day!;
  const small = {
    ...data.LIMIT_NUMBERS.production,
    connectedCalls: [{ max: 1, periodMs }],
    dials: { max: 4, periodMs },
    concurrentCalls: 2,
  };
  return { ...data, LIMIT_NUMBERS: { ...data.LIMIT_NUMBERS, production: small } };
});

describe('The desk of dials, with small limits', () => {
  it('never asks Graph for what it could have known to be refused, and never refuses what Graph would allow', async () => {
    const chronicle = new Chronicle();
    const limits = { connectedPerDay: 1, dialsPerDay: 4, concurrentCalls: 2 };
    const rules = fc.constantFrom({}, { stopAfterUnanswered: null });
    await fc.assert(
      fc.asyncProperty(stories(rules), async (story) => {
        expect(await whatIsWrong(story, chronicle, limits)).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect(chronicle.met, chronicle.text).toEqual(
      expect.arrayContaining(['connected_call_limit', 'too_many_calls', 'dial_rate']),
    );
  }, 600_000);
});
