import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SoundFileError } from '../../../src/agents/index.ts';
import { levelDb, resample, sineTone, writeWav } from '../../../src/audio/index.ts';
import { decodeAgentFile } from '../../../src/media/sound-file.ts';

const OGG = 'assets/prompts/unavailable.ogg';

const wavOf = (ms: number, rate = 16_000) => writeWav(sineTone(rate, 440, ms, -20), rate);

describe('A sound file of an agent', () => {
  it('is told by its first bytes: WAV', async () => {
    const pcm = await decodeAgentFile(wavOf(500, 44_100), 8_000);
    expect(pcm.length).toBe(4_000);
    expect(levelDb(pcm)).toBeCloseTo(-20, 0);
  });

  it('is told by its first bytes: Ogg with Opus', async () => {
    const pcm = await decodeAgentFile(await readFile(OGG), 24_000);
    expect(Math.abs(pcm.length / 24 - 5_421)).toBeLessThan(21);
    expect(levelDb(pcm)).toBeGreaterThan(-30);
  });

  it('is converted piece by piece as it would be at once', async () => {
    const sound = sineTone(44_100, 440, 1_000, -20);
    const pieces = await decodeAgentFile(writeWav(sound, 44_100), 16_000);
    expect(pieces).toEqual(resample(sound, 44_100, 16_000));
  });

  it('lets others work meanwhile', async () => {
    const file = wavOf(20_000, 44_100);
    let turns = 0;
    let done = false;
    const count = () => {
      turns += 1;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await decodeAgentFile(file, 16_000);
    done = true;
    expect(turns).toBeGreaterThan(50);
  });

  it.each([
    ['text', Buffer.from('hello'), 'the sound file must be a WAV file with 16-bit PCM or an Ogg file with Opus'],
    ['nothing', new Uint8Array(0), 'the sound file must be a WAV file with 16-bit PCM or an Ogg file with Opus'],
    [
      'an MP3',
      Buffer.from('ID3\x04 and so on'),
      'the sound file must be a WAV file with 16-bit PCM or an Ogg file with Opus',
    ],
    ['a WAV without sound', writeWav(new Int16Array(0), 16_000), 'the sound file holds no sound'],
    ['a WAV cut short', wavOf(100).subarray(0, 20), 'the sound file cannot be read: the fmt chunk is cut short'],
    ['a rate nobody uses', wavOf(100, 44_101), 'the sound file has a rate of 44101 Hz; it must be one of 8000, '],
    ['an Ogg cut short', Buffer.from('OggS'), 'the sound file holds no Opus stream'],
    ['17 MB', new Uint8Array(17 * 1024 * 1024), 'the sound file is larger than 16777216 bytes'],
  ])('is refused with the rule: %s', async (_what, bytes, message) => {
    const refused = expect(decodeAgentFile(bytes, 16_000)).rejects;
    await refused.toThrow(SoundFileError);
    await expect(decodeAgentFile(bytes, 16_000)).rejects.toThrow(message);
  });

  it('is refused when it lasts over five minutes', async () => {
    // Six frames of 20 ms that hold nothing make a packet of 120 ms (RFC 6716 §3.2.5).
    const bytes = oggOf(Array.from({ length: 2_501 }, () => Buffer.from([0x0b, 6])));
    await expect(decodeAgentFile(bytes, 8_000)).rejects.toThrow('the sound file is longer than 5 minutes');
  });

  it('is refused when it holds nothing but empty packets, before they fill the memory', async () => {
    const head = Buffer.alloc(19);
    head.write('OpusHead', 'latin1');
    const empty = oggPage(Buffer.alloc(255), Buffer.alloc(0));
    const file = Buffer.concat([oggPage(Buffer.of(19), head), ...Array.from({ length: 1_000 }, () => empty)]);
    const refused = expect(decodeAgentFile(file, 16_000)).rejects;
    await refused.toThrow('the sound file is longer than 5 minutes');
  });

  it('may hold anything: it is played or refused', async () => {
    const ogg = await readFile(OGG);
    const damaged = fc
      .tuple(
        fc.constantFrom(ogg, Buffer.from(wavOf(300))),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 40 }),
      )
      .map(([file, changes]) => {
        const bytes = Buffer.from(file.subarray(0, 20_000));
        for (const [at, value] of changes) bytes[4 + (at % (bytes.length - 4))] = value;
        return bytes;
      });
    const magic = fc
      .tuple(fc.constantFrom('RIFF', 'OggS'), fc.uint8Array({ maxLength: 300 }))
      .map(([tag, rest]) => Buffer.concat([Buffer.from(tag), rest]));
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, magic), async (bytes) => {
        const result = await decodeAgentFile(bytes, 8_000).catch((error: unknown) => error);
        expect(result instanceof Int16Array || result instanceof SoundFileError).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

/** An Ogg file with these packets, one a page. */
function oggOf(packets: readonly Buffer[]): Buffer {
  const head = Buffer.from('OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0', 'latin1');
  const tags = Buffer.from('OpusTags\0\0\0\0\0\0\0\0', 'latin1');
  return Buffer.concat([head, tags, ...packets].map(page));
}

function page(packet: Buffer, n: number): Buffer {
  const header = Buffer.alloc(27);
  header.write('OggS', 'latin1');
  header[5] = n === 0 ? 2 : 0;
  header.writeUInt32LE(n, 18);
  header[26] = 1;
  return Buffer.concat([header, Buffer.from([packet.length]), packet]);
}

/** `lacing`: the lengths of the segments. */
function oggPage(lacing: Buffer, body: Buffer): Buffer {
  const header = Buffer.alloc(27);
  header.write('OggS', 'latin1');
  header[26] = lacing.length;
  return Buffer.concat([header, lacing, body]);
}
