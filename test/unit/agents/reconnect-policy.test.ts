import { describe, expect, it } from 'vitest';
import { reconnectDelayMs } from '../../../src/agents/wires/raw/reconnect-policy.ts';

describe('the reconnect policy', () => {
  it('doubles the wait from 250 ms to 4 s', () => {
    const waits = Array.from({ length: 7 }, (_, attemptsMade) =>
      reconnectDelayMs({ attemptsMade, attemptsAllowed: 7, retryable: true }),
    );
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
  });

  it('gives up when the attempts are used up', () => {
    expect(reconnectDelayMs({ attemptsMade: 2, attemptsAllowed: 2, retryable: true })).toBeNull();
    expect(reconnectDelayMs({ attemptsMade: 0, attemptsAllowed: 0, retryable: true })).toBeNull();
  });

  it('gives up when the agent refused us for good', () => {
    expect(reconnectDelayMs({ attemptsMade: 0, attemptsAllowed: 5, retryable: false })).toBeNull();
  });
});
