import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../../src/signaling/retry-delay.ts';

const NOW = Date.UTC(2026, 10, 20, 12);

describe('the pause before a repeated attempt', () => {
  it.each([
    ['3', 3000],
    ['Fri, 20 Nov 2026 12:00:05 GMT', 5000],
    ['0', 200],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 200],
  ])('is what Retry-After says, but never nothing: %s', (header, ms) => {
    expect(retryDelayMs(1, header, NOW)).toBe(ms);
  });

  it.each([
    [1, null, 200],
    [2, null, 400],
    [3, 'soon', 800],
    [20, null, 2000],
  ])('else doubles up to two seconds, give or take half: attempt %d', (attempt, header, ms) => {
    for (let i = 0; i < 50; i++) {
      const delay = retryDelayMs(attempt, header, NOW);
      expect(delay).toBeGreaterThanOrEqual(ms / 2);
      expect(delay).toBeLessThanOrEqual(ms * 1.5);
    }
  });
});
