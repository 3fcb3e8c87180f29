import { describe, expect, it } from 'vitest';
import { FailureRate } from '../../../src/events/failure-rate.ts';

const MINUTE = 60_000;

function rateOf(failed: number, delivered: number, at = 0): FailureRate {
  const rate = new FailureRate();
  for (let n = 0; n < failed; n += 1) rate.failed(`failed ${n}`, at);
  for (let n = 0; n < delivered; n += 1) rate.delivered(`delivered ${n}`, at);
  return rate;
}

describe('the rate of failures', () => {
  it.each([
    [20, 0, true],
    [19, 0, false],
    [18, 3, true],
    // 85 % exactly.
    [17, 3, false],
    [9, 0, false],
    [0, 100, false],
  ])('of %i failed and %i delivered is too high: %s', (failed, delivered, expected) => {
    expect(rateOf(failed, delivered).isTooHigh(0)).toBe(expected);
  });

  it('counts a delivery once, however often it was tried, and not as failed when it was taken at last', () => {
    const rate = new FailureRate();
    for (let n = 0; n < 100; n += 1) rate.failed('the same', n);
    expect(rate.isTooHigh(100)).toBe(false);
    const taken = rateOf(20, 0);
    for (let n = 0; n < 4; n += 1) taken.delivered(`failed ${n}`, 0);
    expect(taken.isTooHigh(0)).toBe(false);
  });

  it('forgets what is 15 minutes old, and not what was tried again since', () => {
    expect(rateOf(30, 0).isTooHigh(15 * MINUTE - 1)).toBe(true);
    expect(rateOf(30, 0).isTooHigh(15 * MINUTE)).toBe(false);
    const again = rateOf(30, 0);
    again.failed('failed 0', 10 * MINUTE);
    for (let n = 30; n < 48; n += 1) again.failed(`failed ${n}`, 10 * MINUTE);
    expect(again.isTooHigh(15 * MINUTE)).toBe(false);
    again.failed('failed 48', 15 * MINUTE);
    expect(again.isTooHigh(15 * MINUTE)).toBe(true);
    const old = rateOf(20, 20);
    expect(old.isTooHigh(0)).toBe(false);
    for (let n = 0; n < 20; n += 1) old.failed(`new ${n}`, 16 * MINUTE);
    expect(old.isTooHigh(16 * MINUTE)).toBe(true);
  });
});
