import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/permissions/duration.ts';
import { DAY, HOUR, SECOND } from './permission-state.ts';

describe('an ISO 8601 duration', () => {
  it.each([
    ['PT24H', DAY],
    ['P1D', DAY],
    ['P7D', 7 * DAY],
    ['P1W', 7 * DAY],
    ['P1DT12H', 36 * HOUR],
    ['PT1H30M', 1.5 * HOUR],
    ['PT0.5S', 500],
    ['pt90s', 90 * SECOND],
  ])('%s is read', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', 'P', 'PT', '24H', 'P1Y', 'P1M', 'P-1D', 'PT0S', 'P7', 'P99999999999999999D', ' P7D'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  it.each([
    [DAY, 'PT24H'],
    [7 * DAY, 'P7D'],
    [HOUR, 'PT1H'],
    [36 * HOUR, 'PT36H'],
    [90 * SECOND, 'PT90S'],
  ])('of %i ms is written %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
