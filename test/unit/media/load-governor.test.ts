import { describe, expect, it } from 'vitest';
import { LoadGovernor } from '../../../src/media/load-governor.ts';

describe('The Opus complexity of a media thread', () => {
  it('is full while there is room', () => {
    const governor = new LoadGovernor();
    expect(governor.observe(0.4, 2)).toBe(false);
    expect(governor.complexity).toBe(6);
  });

  it.each([
    ['the thread is busy', 0.8, 3],
    ['the clock runs late', 0.3, 60],
  ])('steps down at once when %s', (_why, utilisation, lagMs) => {
    const governor = new LoadGovernor();
    expect(governor.observe(utilisation, lagMs)).toBe(true);
    expect(governor.complexity).toBe(1);
  });

  it('steps up only after five calm intervals in a row', () => {
    const governor = new LoadGovernor();
    governor.observe(0.9, 3);
    for (let calm = 0; calm < 4; calm += 1) governor.observe(0.3, 1);
    governor.observe(0.6, 1);
    for (let calm = 0; calm < 4; calm += 1) governor.observe(0.3, 1);
    expect(governor.complexity).toBe(1);
    expect(governor.observe(0.3, 1)).toBe(true);
    expect(governor.complexity).toBe(6);
  });
});
