import { describe, expect, it } from 'vitest';
import { type AgentPresence, ComfortWatch } from '../../../src/media/comfort-watch.ts';

/** Feeds so many frames; returns for how many of them the tone sounds, or how many frames come before it. */
function feed(watch: ComfortWatch, presence: AgentPresence, agentSounds: boolean, frames: number): boolean[] {
  return Array.from({ length: frames }, () => watch.next(presence, agentSounds));
}

describe('The comfort tone', () => {
  it('sounds 400 ms after the last sound of an agent that is gone', () => {
    const watch = new ComfortWatch();
    feed(watch, 'there', true, 10);
    feed(watch, 'sought', true, 5);
    expect(feed(watch, 'sought', false, 30).indexOf(true)).toBe(19);
  });

  it('sounds at once when nothing was said for longer', () => {
    const watch = new ComfortWatch();
    feed(watch, 'there', false, 100);
    expect(feed(watch, 'sought', false, 1)).toEqual([true]);
  });

  it('does not sound while the agent is there and silent, nor where none is wanted', () => {
    const watch = new ComfortWatch();
    expect(feed(watch, 'there', false, 500)).not.toContain(true);
    expect(feed(watch, 'none', false, 500)).not.toContain(true);
  });

  it('stops with the first frame of agent sound, wherever that comes from', () => {
    for (const presence of ['sought', 'there'] as const) {
      const watch = new ComfortWatch();
      feed(watch, 'sought', false, 50);
      expect(feed(watch, presence, true, 1)).toEqual([false]);
      expect(feed(watch, presence, false, 19)).not.toContain(true);
    }
  });

  it('is over once an agent that is there was heard', () => {
    const watch = new ComfortWatch();
    feed(watch, 'sought', false, 50);
    feed(watch, 'there', true, 1);
    expect(feed(watch, 'there', false, 200)).not.toContain(true);
  });

  it('sounds too if an agent comes before it began, and then says nothing', () => {
    const watch = new ComfortWatch();
    feed(watch, 'there', true, 10);
    feed(watch, 'sought', true, 3);
    const tone = feed(watch, 'there', false, 200);
    expect(tone.indexOf(true)).toBe(19);
    expect(tone.lastIndexOf(true)).toBe(98);
  });

  it('goes on for up to two seconds until an agent that has come says something', () => {
    const watch = new ComfortWatch();
    feed(watch, 'sought', false, 50);
    expect(feed(watch, 'there', false, 200).indexOf(false)).toBe(99);
    expect(feed(watch, 'there', false, 200)).not.toContain(true);
  });

  it('stops at once when no agent is wanted any more', () => {
    const watch = new ComfortWatch();
    feed(watch, 'sought', false, 50);
    expect(feed(watch, 'none', false, 1)).toEqual([false]);
  });
});
