import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/runtime/index.ts';

const DAY_MS = 86_400_000;

describe('The clock of the machine', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('wakes at a time that no timer of the system reaches', () => {
    const wake = vi.fn();
    systemClock.at(Date.now() + 60 * DAY_MS, wake);
    vi.advanceTimersByTime(60 * DAY_MS - 1);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('lets itself be cancelled on the way', () => {
    const wake = vi.fn();
    const cancel = systemClock.at(Date.now() + 60 * DAY_MS, wake);
    vi.advanceTimersByTime(30 * DAY_MS);
    cancel();
    vi.advanceTimersByTime(60 * DAY_MS);
    expect(wake).not.toHaveBeenCalled();
  });
});
