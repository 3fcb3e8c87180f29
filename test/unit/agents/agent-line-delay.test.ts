import { describe, expect, it } from 'vitest';
import { reconnectDelayMs } from '../../../src/agents/line/reconnect-delay.ts';

describe('the wait before an agent is dialled again', () => {
  it('doubles from 250 ms to 4 s', () => {
    const waits = Array.from({ length: 7 }, (_, attemptsMade) =>
      reconnectDelayMs({ attemptsMade, attemptsAllowed: 7, retryable: true }),
    );
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
  });

  it('has no end when the attempts are used up', () => {
    expect(reconnectDelayMs({ attemptsMade: 2, attemptsAllowed: 2, retryable: true })).toBeNull();
    expect(reconnectDelayMs({ attemptsMade: 0, attemptsAllowed: 0, retryable: true })).toBeNull();
  });

  it('has no end when the agent refused us for good', () => {
    expect(reconnectDelayMs({ attemptsMade: 0, attemptsAllowed: 5, retryable: false })).toBeNull();
  });
});
