import { describe, expect, it } from 'vitest';
import { neverReached } from '../../../src/permissions/unsure-request.ts';
import { DAY, HOUR, NOW, SECOND } from './permission-state.ts';

const WEEK = 7 * DAY;

/** A report of now, in which Graph counts so many requests. */
function counting(limits: readonly (readonly [periodMs: number, currentUsage: number])[]) {
  const told = limits.map(([periodMs, currentUsage]) => ({ periodMs, currentUsage, maxAllowed: 9, expiresAt: null }));
  return { at: NOW, sendRequest: { allowed: true, limits: told } };
}

const request = (differences = {}) => ({ at: NOW - 30 * SECOND, taken: [], ...differences });

describe('a request without a name', () => {
  it.each([
    ['none', 0, true],
    ['one', 1, false],
    ['more, as others ask too', 2, false],
  ])('never reached Graph, which counts %s: %s', (_, count, lost) => {
    expect(neverReached(request(), counting([[DAY, count]]), null)).toBe(lost);
  });

  it('is not told of by a report that counts nothing', () => {
    expect(neverReached(request(), counting([]), null)).toBe(false);
    expect(neverReached(request(), { at: NOW, sendRequest: null }, null)).toBe(false);
  });

  it('is counted besides those that Graph has taken', () => {
    const taken = [NOW - 5 * HOUR, NOW - 2 * HOUR];
    expect(neverReached(request({ taken }), counting([[DAY, 2]]), null)).toBe(true);
    expect(neverReached(request({ taken }), counting([[DAY, 3]]), null)).toBe(false);
  });

  it('is told of by the shortest period in which it would count', () => {
    const limits = counting([
      [WEEK, 1],
      [DAY, 0],
    ]);
    expect(neverReached(request(), limits, null)).toBe(true);
    expect(neverReached(request({ at: NOW - 2 * DAY }), limits, null)).toBe(false);
    const contradictory = counting([
      [WEEK, 1],
      [DAY, 1],
    ]);
    expect(neverReached(request({ taken: [NOW - 3 * DAY] }), contradictory, null)).toBe(false);
    expect(neverReached(request({ at: NOW - WEEK }), limits, null)).toBe(false);
  });

  it('is not told of by what Graph may count otherwise than we do, at the edges of its period', () => {
    const old = { taken: [NOW - DAY + 5 * SECOND] };
    expect(neverReached(request(old), counting([[DAY, 1]]), null)).toBe(false);
    expect(neverReached(request({ at: NOW - DAY + 5 * SECOND }), counting([[DAY, 0]]), null)).toBe(false);
    const late = { taken: [NOW - 5 * SECOND] };
    expect(neverReached(request(late), counting([[DAY, 1]]), null)).toBe(false);
  });

  it('is not told of once a call was picked up, nor are those before that', () => {
    expect(neverReached(request(), counting([[DAY, 0]]), NOW - 10 * SECOND)).toBe(false);
    expect(neverReached(request(), counting([[DAY, 0]]), NOW - 40 * SECOND)).toBe(false);
    expect(neverReached(request(), counting([[DAY, 0]]), NOW - HOUR)).toBe(true);
    const before = { taken: [NOW - 2 * HOUR] };
    expect(neverReached(request(before), counting([[DAY, 1]]), NOW - HOUR)).toBe(false);
  });
});
