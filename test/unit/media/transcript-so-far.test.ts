import { describe, expect, it } from 'vitest';
import { TranscriptSoFar } from '../../../src/media/transcript-so-far.ts';

describe('The transcript so far', () => {
  it('keeps lines in order, and gives them away as they are now', () => {
    const transcript = new TranscriptSoFar();
    transcript.add({ party: 'agent', text: 'hello' });
    const before = transcript.lines();
    transcript.add({ party: 'user', text: 'hi' });
    expect(before).toHaveLength(1);
    expect(transcript.lines()).toEqual([
      { party: 'agent', text: 'hello' },
      { party: 'user', text: 'hi' },
    ]);
  });

  it('keeps the latest 200 lines', () => {
    const transcript = new TranscriptSoFar();
    for (let n = 0; n < 250; n += 1) transcript.add({ party: 'user', text: `${n}` });
    expect(transcript.lines()).toHaveLength(200);
    expect(transcript.lines()[0]?.text).toBe('50');
  });

  it('keeps the latest 20,000 characters, and no more of a single line', () => {
    const transcript = new TranscriptSoFar();
    for (let n = 0; n < 10; n += 1) transcript.add({ party: 'user', text: `${n}`.repeat(3_000) });
    expect(transcript.lines().map(({ text }) => text[0])).toEqual(['4', '5', '6', '7', '8', '9']);
    transcript.add({ party: 'agent', text: 'x'.repeat(30_000) });
    expect(transcript.lines()).toHaveLength(1);
    expect(transcript.lines()[0]?.text).toHaveLength(20_000);
  });
});
