import { describe, expect, it } from 'vitest';
import type { BridgeMessage } from '../../../src/agents/wires/raw/bridge-messages.ts';
import { type AudioOutlet, CallerAudio } from '../../../src/agents/wires/raw/caller-audio.ts';

/** A socket that holds on to what it is given, as a slow network does. */
class SlowOutlet implements AudioOutlet {
  unreadBytes = 0;
  readonly control: BridgeMessage[] = [];
  readonly held: Buffer[] = [];
  sendControl(message: BridgeMessage): void {
    this.control.push(message);
  }
  sendAudio(bytes: Buffer): void {
    this.held.push(bytes);
  }
  /** As many milliseconds of 16 kHz sound as wait unread. */
  set unreadMs(ms: number) {
    this.unreadBytes = (ms / 20) * (640 + 8);
  }
}

const frame = new Int16Array(320);

describe('caller sound for an agent that does not read', () => {
  it('is dropped past 500 ms and flows again below 250 ms, with one word on what is missing', () => {
    const [audio, outlet] = [new CallerAudio(16000), new SlowOutlet()];
    for (const ms of [0, 260, 500, 520, 500, 260, 250, 500]) {
      outlet.unreadMs = ms;
      expect(audio.send(outlet, frame)).toBe(true);
    }
    expect(outlet.held).toHaveLength(5);
    expect(audio.droppedMs).toBe(60);
    expect(outlet.control).toEqual([{ type: 'gap', dropped_ms: 60 }]);
  });

  it('counts as stalled after 5 s without a pause, not before', () => {
    const [audio, outlet] = [new CallerAudio(16000), new SlowOutlet()];
    outlet.unreadMs = 1000;
    for (let i = 0; i < 249; i += 1) expect(audio.send(outlet, frame)).toBe(true);
    outlet.unreadMs = 0;
    expect(audio.send(outlet, frame)).toBe(true);
    outlet.unreadMs = 1000;
    for (let i = 0; i < 249; i += 1) expect(audio.send(outlet, frame)).toBe(true);
    expect(audio.send(outlet, frame)).toBe(false);
    expect(audio.droppedMs).toBe(249 * 20 + 5000);
  });

  it('is not told as missing on a new connection', () => {
    const [audio, outlet] = [new CallerAudio(16000), new SlowOutlet()];
    outlet.unreadMs = 1000;
    audio.send(outlet, frame);
    audio.drop();
    audio.restart();
    outlet.unreadMs = 0;
    audio.send(outlet, frame);
    expect(outlet.control).toEqual([]);
    expect(audio.droppedMs).toBe(40);
  });

  it('is not overwritten while it waits', () => {
    const [audio, outlet] = [new CallerAudio(16000), new SlowOutlet()];
    const most = 500 / 20 + 1;
    for (let i = 0; i < most; i += 1) {
      outlet.unreadMs = i * 20;
      audio.send(outlet, frame.fill(i));
    }
    expect(outlet.held.map((bytes) => bytes.readInt16LE(0))).toEqual(Array.from({ length: most }, (_, i) => i));
  });
});
