import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameClock } from '../../../src/webrtc/index.ts';

describe('The clock of a media thread', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it('gives each session 50 frames a second', () => {
    const clock = new FrameClock();
    const tick = vi.fn();
    clock.add(tick);
    vi.advanceTimersByTime(10_000);
    expect(tick.mock.calls.length).toBeGreaterThanOrEqual(499);
    expect(tick.mock.calls.length).toBeLessThanOrEqual(501);
  });

  it('makes up for a block of the thread: no frame is left out, and each is due 20 ms after the one before', () => {
    let now = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const clock = new FrameClock();
    const due: number[] = [];
    clock.add((each) => due.push(each));
    for (const passed of [5, 5, 5, 5, 137, 5, 5, 5, 5]) {
      now += passed;
      vi.runOnlyPendingTimers();
    }
    const steps = due.slice(1).map((each, index) => each - (due[index] ?? 0));
    expect(due).toHaveLength(9);
    expect(new Set(steps)).toEqual(new Set([20]));
    expect(clock.takeLagMs()).toBeGreaterThanOrEqual(132);
  });

  it('does not make up for a machine that slept', () => {
    let now = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const clock = new FrameClock();
    const tick = vi.fn();
    clock.add(tick);
    now += 60_000;
    vi.runOnlyPendingTimers();
    expect(tick.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it('spreads sessions over the frame', () => {
    const clock = new FrameClock();
    const phases: number[] = [];
    for (let session = 0; session < 4; session += 1) clock.add((now) => phases.push(Math.round(now % 20)));
    vi.advanceTimersByTime(21);
    expect(new Set(phases).size).toBe(4);
  });

  it('wakes the thread 50 times a second for one session, and not for the phases that nobody is in', () => {
    const wakeUps = vi.spyOn(globalThis, 'setTimeout');
    const clock = new FrameClock();
    const remove = clock.add(() => {});
    vi.advanceTimersByTime(1_000);
    expect(wakeUps.mock.calls.length).toBeLessThanOrEqual(55);
    remove();
  });

  it('sets no second timer for a step whose time is no whole millisecond', () => {
    let now = 1_000.9;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const clock = new FrameClock();
    const due: number[] = [];
    clock.add((each) => due.push(each));
    now += 4.4;
    vi.runOnlyPendingTimers();
    expect(due).toEqual([1_005.9]);
  });

  it('gives a session that joins another in mid-frame no step that is over already', () => {
    const clock = new FrameClock();
    clock.add(() => {});
    vi.advanceTimersByTime(13);
    clock.takeLagMs();
    const joined = performance.now();
    const due: number[] = [];
    for (let session = 0; session < 3; session += 1) clock.add((each) => due.push(each));
    vi.advanceTimersByTime(20);
    expect(due).toHaveLength(3);
    expect(Math.min(...due)).toBeGreaterThanOrEqual(joined - 1);
    expect(clock.takeLagMs()).toBeLessThan(2);
  });

  it('makes a session wait for a quarter of a frame at most where a phase is free', () => {
    const clock = new FrameClock();
    for (const passed of [0, 6, 11, 17]) {
      vi.advanceTimersByTime(passed);
      const joined = performance.now();
      const due: number[] = [];
      const remove = clock.add((each) => due.push(each));
      vi.advanceTimersByTime(20);
      expect(due[0]).toBeLessThanOrEqual(joined + 5);
      remove();
    }
  });

  it('stops when the last session left, and starts again for the next', () => {
    const clock = new FrameClock();
    const tick = vi.fn();
    const remove = clock.add(tick);
    vi.advanceTimersByTime(100);
    remove();
    expect(vi.getTimerCount()).toBe(0);
    const before = tick.mock.calls.length;
    clock.add(tick);
    vi.advanceTimersByTime(100);
    expect(tick.mock.calls.length).toBeGreaterThan(before);
  });

  it('lets a session leave from within its own frame', () => {
    const clock = new FrameClock();
    const other = vi.fn();
    const remove = clock.add(() => remove());
    clock.add(other);
    vi.advanceTimersByTime(100);
    expect(other).toHaveBeenCalled();
  });
});
