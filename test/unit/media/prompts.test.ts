import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findGaps, levelDb, sineTone, writeWav } from '../../../src/audio/index.ts';
import type { SampleRate } from '../../../src/call/index.ts';
import { PromptError, PromptLibrary } from '../../../src/media/prompts.ts';

const SHIPPED = new PromptLibrary('assets/prompts');
const RATES: readonly SampleRate[] = [8_000, 16_000, 24_000, 48_000];
/** What opusinfo says of the file, before its end is trimmed to the packet. */
const UNAVAILABLE_MS = 5_421;

let folder: string;
let library: PromptLibrary;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talkwire-prompts-'));
  library = new PromptLibrary(folder);
});
afterAll(() => rm(folder, { recursive: true }));

describe('prompts', () => {
  for (const rate of RATES) {
    it(`loads the shipped Ogg/Opus prompt at ${rate} Hz: five seconds of speech`, async () => {
      const pcm = await SHIPPED.load('unavailable.ogg', rate);
      const ms = (pcm.length * 1000) / rate;
      expect(Math.abs(ms - UNAVAILABLE_MS)).toBeLessThanOrEqual(20);
      expect(levelDb(pcm)).toBeGreaterThan(-30);
      const silent = findGaps(pcm, rate, 20, -50).reduce((sum, gap) => sum + gap.durationMs, 0);
      expect(silent).toBeLessThan(ms / 2);
    });
  }

  it('loads a stereo WAV of an odd rate', async () => {
    const mono = sineTone(44_100, 500, 1_000, -10);
    const stereo = Int16Array.from({ length: mono.length * 2 }, (_, n) => mono[n >> 1] as number);
    await writeFile(join(folder, 'tone.wav'), writeWav(stereo, 44_100, 2));
    const pcm = await library.load('tone.wav', 16_000);
    expect(pcm.length).toBe(16_000);
    expect(levelDb(pcm)).toBeCloseTo(-10, 0);
  });

  it('reads a file once per rate', async () => {
    await copyFile('assets/prompts/unavailable.ogg', join(folder, 'once.ogg'));
    const first = await library.load('once.ogg', 16_000);
    await rm(join(folder, 'once.ogg'));
    expect(await library.load('once.ogg', 16_000)).toBe(first);
    await expect(library.load('once.ogg', 8_000)).rejects.toThrow('is not in the prompt folder');
  });

  it('tries again after a failure', async () => {
    await expect(library.load('later.wav', 16_000)).rejects.toThrow(PromptError);
    await writeFile(join(folder, 'later.wav'), writeWav(sineTone(16_000, 440, 20), 16_000));
    expect((await library.load('later.wav', 16_000)).length).toBe(320);
  });

  it('says what is wrong', async () => {
    const opusWithoutSound = new Uint8Array(40);
    const files: [string, Uint8Array, string][] = [
      ['text.txt', new Uint8Array(3), 'must be a .wav, .ogg or .opus file'],
      ['short.wav', new Uint8Array(3), 'not a RIFF WAV file'],
      ['mute.wav', writeWav(new Int16Array(0), 16_000), 'holds no sound'],
      ['noise.ogg', opusWithoutSound, 'is no Ogg file'],
      ['empty.ogg', new Uint8Array(0), 'holds no Opus stream'],
    ];
    for (const [name, bytes, reason] of files) {
      await writeFile(join(folder, name), bytes);
      await expect(library.load(name, 16_000)).rejects.toThrow(reason);
      await expect(library.load(name, 16_000)).rejects.toThrow(PromptError);
    }
  });

  it('does not leave its folder', async () => {
    for (const name of ['../prompts/unavailable.ogg', '/etc/hosts.wav', '..', '', 'a\\b.wav']) {
      await expect(SHIPPED.load(name, 16_000)).rejects.toThrow('must be a plain file name');
    }
  });
});
