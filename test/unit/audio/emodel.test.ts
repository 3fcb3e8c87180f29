import { describe, expect, it } from 'vitest';
import { meanOpinionScore, ratingFactor } from '../../../src/audio/index.ts';

describe('the E-model', () => {
  it('gives the best score of the standard to a perfect line', () => {
    expect(ratingFactor({ delayMs: 0, lossRatio: 0 })).toBeCloseTo(93.2, 5);
    expect(meanOpinionScore({ delayMs: 0, lossRatio: 0 })).toBeCloseTo(4.41, 2);
  });

  it('falls with delay, and faster from 177 ms on', () => {
    const at = (delayMs: number) => ratingFactor({ delayMs, lossRatio: 0 });
    expect(at(0) - at(100)).toBeCloseTo(2.4, 5);
    expect(at(300) - at(400)).toBeCloseTo(13.4, 5);
  });

  it('falls with loss, more so in bursts', () => {
    const at = (lossRatio: number, burstRatio = 1) => meanOpinionScore({ delayMs: 50, lossRatio, burstRatio });
    expect(at(0.01)).toBeLessThan(at(0));
    expect(at(0.05)).toBeLessThan(at(0.01));
    expect(at(0.05, 3)).toBeLessThan(at(0.05));
  });

  it('stays between 1 and 4.5 for anything', () => {
    for (const delayMs of [-1, 0, 1e9]) {
      for (const lossRatio of [-1, 0, 0.5, 1, 7]) {
        for (const burstRatio of [0, 1, 100]) {
          const score = meanOpinionScore({ delayMs, lossRatio, burstRatio });
          expect(score).toBeGreaterThanOrEqual(1);
          expect(score).toBeLessThanOrEqual(4.5);
        }
      }
    }
  });
});
