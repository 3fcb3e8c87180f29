import { describe, expect, it } from 'vitest';
import { Watchdog } from '../../../src/media/watchdog.ts';

describe('The watch over a silent phone', () => {
  it('says nothing before the call was accepted', () => {
    const watchdog = new Watchdog(20_000, 30_000);
    watchdog.activity(0);
    expect(watchdog.check(1_000_000)).toBeNull();
  });

  it('barks once when nothing ever came for 20 s', () => {
    const watchdog = new Watchdog(20_000, 30_000);
    watchdog.arm(1_000);
    expect(watchdog.check(20_999)).toBeNull();
    expect(watchdog.check(21_000)).toBe(20_000);
    expect(watchdog.check(22_000)).toBeNull();
  });

  it('allows 30 s once the phone was heard', () => {
    const watchdog = new Watchdog(20_000, 30_000);
    watchdog.arm(0);
    watchdog.activity(5_000);
    expect(watchdog.check(34_999)).toBeNull();
    expect(watchdog.check(35_000)).toBe(30_000);
  });
});
