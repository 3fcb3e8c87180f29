import { describe, expect, it } from 'vitest';
import { levelDb, sineTone } from '../../../src/audio/index.ts';
import type { SampleRate } from '../../../src/call/index.ts';
import type { AgentPresence } from '../../../src/media/comfort-watch.ts';
import { Speaking } from '../../../src/media/speaking.ts';
import { OPUS_SILENCE, type OpusEncoder } from '../../../src/webrtc/index.ts';

/** Keeps what it is given. */
class ListeningEncoder implements OpusEncoder {
  readonly backend = 'wasm';
  readonly frames: Int16Array[] = [];
  readonly complexities: number[] = [];
  closed = false;

  encode(pcm: Int16Array): Uint8Array {
    this.frames.push(pcm.slice());
    return new Uint8Array([1]);
  }
  setComplexity(complexity: number): void {
    this.complexities.push(complexity);
  }
  setPacketLoss(): void {}
  close(): void {
    this.closed = true;
  }

  get sound(): Int16Array {
    return Int16Array.from(this.frames.flatMap((frame) => [...frame]));
  }
}

function speakingAt(rate: SampleRate): { speaking: Speaking; encoder: ListeningEncoder } {
  const speaking = new Speaking();
  const encoder = new ListeningEncoder();
  speaking.use(encoder, rate);
  return { speaking, encoder };
}

function pull(speaking: Speaking, frames: number, presence: AgentPresence = 'there'): void {
  for (let n = 0; n < frames; n += 1) speaking.pull(1, presence);
}

const largestStep = (pcm: Int16Array) =>
  pcm.reduce((worst, sample, n) => (n === 0 ? worst : Math.max(worst, Math.abs(sample - (pcm[n - 1] as number)))), 0);
/** Of the comfort tone and its noise at 16 kHz, from one sample to the next. */
const TONE_STEP = 420;

describe('The way to the phone', () => {
  it('is silent, and keeps what is queued, until there is an encoder', () => {
    const speaking = new Speaking();
    speaking.playout.enqueue(sineTone(16_000, 440, 100), null);
    expect(speaking.pull(1, 'sought').packet).toEqual(OPUS_SILENCE);
    const encoder = new ListeningEncoder();
    speaking.use(encoder, 16_000);
    pull(speaking, 2);
    expect(levelDb(encoder.sound)).toBeGreaterThan(-20);
  });

  it('encodes silence for a while after speech, then sends a constant packet', () => {
    const { speaking, encoder } = speakingAt(16_000);
    speaking.playout.enqueue(sineTone(16_000, 440, 100), null);
    pull(speaking, 30);
    expect(encoder.frames.length).toBeGreaterThanOrEqual(14);
    expect(encoder.frames.length).toBeLessThan(20);
    expect(speaking.pull(1, 'there').packet).toEqual(OPUS_SILENCE);
  });

  it('lets the comfort tone begin and die away without a click', () => {
    const { speaking, encoder } = speakingAt(16_000);
    pull(speaking, 50, 'sought');
    const during = encoder.frames.length;
    // In the middle of a pulse.
    pull(speaking, 40, 'sought');
    pull(speaking, 15, 'none');
    expect(during).toBeGreaterThan(25);
    expect(largestStep(encoder.sound)).toBeLessThan(TONE_STEP);
    expect(encoder.frames.slice(-9).every((frame) => levelDb(frame) < -100)).toBe(true);
  });

  it('has nothing of the comfort tone left in the second frame of an agent', () => {
    const { speaking, encoder } = speakingAt(16_000);
    pull(speaking, 24, 'sought');
    const silence = new Int16Array(16_000);
    speaking.playout.enqueue(silence, null);
    pull(speaking, 2, 'there');
    const [before, first, second] = encoder.frames.slice(-3);
    expect(levelDb(before as Int16Array)).toBeGreaterThan(-40);
    expect(levelDb(first as Int16Array)).toBeGreaterThan(-45);
    expect(levelDb(second as Int16Array)).toBeLessThan(-100);
    expect(largestStep(encoder.sound)).toBeLessThan(TONE_STEP);
  });

  it('takes another encoder at the same rate without a loss', () => {
    const { speaking, encoder } = speakingAt(16_000);
    speaking.playout.enqueue(sineTone(16_000, 440, 100), null);
    const next = new ListeningEncoder();
    speaking.use(next, 16_000);
    pull(speaking, 5);
    expect(encoder.closed).toBe(true);
    expect(next.frames).toHaveLength(5);
    expect(next.complexities).toEqual([1]);
  });

  it('counts over all rates that the call had', () => {
    const { speaking } = speakingAt(8_000);
    speaking.playout.drain();
    speaking.playout.enqueue(new Int16Array(800), null);
    speaking.use(new ListeningEncoder(), 24_000);
    speaking.playout.drain();
    speaking.playout.enqueue(new Int16Array(1_200), null);
    expect(speaking.counts().droppedMs).toBe(150);
  });
});
