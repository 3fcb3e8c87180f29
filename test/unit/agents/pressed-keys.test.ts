import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PressedKeys } from '../../../src/agents/wires/common/pressed-keys.ts';

describe('pressed keys', () => {
  let told: string[];
  let keys: PressedKeys;
  const press = (text: string) => {
    for (const key of text) keys.press(key);
  };

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    keys = new PressedKeys(1_000, (entered) => told.push(entered));
  });
  afterEach(() => vi.useRealTimers());

  it('are complete when no other has followed for the time given', () => {
    press('12');
    vi.advanceTimersByTime(999);
    press('3');
    vi.advanceTimersByTime(999);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    press('4');
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual(['123', '4']);
  });

  it('are complete at once by #, and told once', () => {
    press('12#');
    expect(told).toEqual(['12#']);
    vi.advanceTimersByTime(5_000);
    expect(told).toEqual(['12#']);
  });

  it('are told in parts if there are very many', () => {
    press('1'.repeat(70));
    expect(told).toEqual(['1'.repeat(64)]);
    vi.advanceTimersByTime(1_000);
    expect(told[1]).toBe('1'.repeat(6));
  });

  it('that are forgotten are told to nobody', () => {
    press('12');
    keys.forget();
    vi.advanceTimersByTime(5_000);
    press('3#');
    expect(told).toEqual(['3#']);
  });
});
