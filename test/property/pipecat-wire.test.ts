import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BotSound } from '../../src/agents/wires/pipecat/bot-sound.ts';
import { decodeFrame, encodeMessage } from '../../src/agents/wires/pipecat/frame-codec.ts';
import { PipecatWire } from '../../src/agents/wires/pipecat/pipecat-wire.ts';
import { parseBotMessage } from '../../src/agents/wires/pipecat/rtvi.ts';
import { botIn } from '../../src/agents/wires/pipecat/start-bot.ts';
import { callContext } from '../support/call-context.ts';
import { pipecatTarget } from '../support/pipecat-call.ts';
import { PipecatServer, pipecatFrame } from '../support/pipecat-server.ts';
import { RecordingWireListener, wireServices } from '../support/wire-listener.ts';

const TYPES = [
  'bot-ready',
  'user-started-speaking',
  'bot-started-speaking',
  'bot-stopped-speaking',
  'user-transcription',
  'user-input',
  'bot-output',
  'bot-transcription',
  'server-message',
  'error',
];
const FIELDS = ['text', 'final', 'spoken', 'spoken_status', 'about', 'fatal', 'library', 'library_version'];

/** RTVI, more or less. */
const rtvi = fc.record(
  {
    label: fc.constantFrom('rtvi-ai', 'rtvi-ai', 'rtvi-ai', 'other'),
    type: fc.constantFrom(...TYPES),
    data: fc.oneof(fc.dictionary(fc.constantFrom(...FIELDS), fc.jsonValue(), { maxKeys: 4 }), fc.jsonValue()),
  },
  { requiredKeys: ['type'] },
);

const audio = fc.record(
  {
    audio: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    sample_rate: fc.oneof(fc.constantFrom(0, 8000, 16_000, 24_000, 44_100), fc.nat()),
    num_channels: fc.oneof(fc.constantFrom(0, 1, 2), fc.nat()),
    name: fc.string({ maxLength: 5 }),
  },
  { requiredKeys: [] },
);

const frame = fc.oneof(
  audio.map((each) => pipecatFrame({ audio: each })),
  rtvi.map((each) => encodeMessage(each)),
  fc.string().map((data) => pipecatFrame({ message: { data } })),
  fc.constant(pipecatFrame({ interruption: { id: 1 } })),
);

/** A frame with a piece cut off and bytes changed. */
const damaged = fc
  .tuple(frame, fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }))
  .map(([bytes, cut, changes]) => {
    const copy = Buffer.from(bytes.subarray(0, bytes.length - (cut % (bytes.length + 1))));
    for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
    return copy;
  });
const anything = fc.oneof(frame, damaged, fc.uint8Array({ maxLength: 100 }));

describe('reading what a bot sends', () => {
  it('takes any bytes without a throw', () => {
    const sound = new BotSound(24_000);
    fc.assert(
      fc.property(anything, (bytes) => {
        const read = decodeFrame(Buffer.from(bytes));
        if (read?.kind === 'audio') {
          const made = sound.read(read);
          if (made !== null) expect(made.length).toBeLessThanOrEqual(6 * read.bytes.length + 6);
        }
        if (read?.kind === 'message') parseBotMessage(read.data);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes groups within groups, as deep as they come, without a throw', () => {
    // 0x0b opens group 1 of an unknown message: half a million of them, none ever closed.
    expect(() => decodeFrame(Buffer.alloc(500_000, 0x0b))).not.toThrow();
  });

  it('takes WAV chunks that lie about their length', () => {
    const header = fc.array(fc.tuple(fc.constantFrom('fmt ', 'data', 'LIST'), fc.nat({ max: 0xffffffff })), {
      maxLength: 4,
    });
    const sound = new BotSound(24_000);
    fc.assert(
      fc.property(header, (chunks) => {
        const parts = chunks.map(([name, size]) => {
          const part = Buffer.alloc(8);
          part.write(name, 'latin1');
          part.writeUInt32LE(size, 4);
          return part;
        });
        const bytes = Buffer.concat([Buffer.from('RIFF....WAVE'), ...parts, Buffer.alloc(40)]);
        const read = sound.read({ kind: 'audio', bytes, sampleRate: 24_000, channels: 1 });
        expect(read!.length).toBeLessThan(bytes.length / 2);
      }),
    );
  });
});

describe('reading what a start route answers', () => {
  const url = fc.oneof(fc.webUrl({ validSchemes: ['ws', 'wss', 'http'] }), fc.string(), fc.jsonValue());
  const near = fc.record(
    { wsUrl: url, ws_url: url, token: fc.oneof(fc.string(), fc.jsonValue()) },
    { requiredKeys: [] },
  );
  const answer = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    fc.oneof(near, fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value))),
  );

  it('finds a websocket or nothing, and never throws', () => {
    fc.assert(
      fc.property(answer, fc.webUrl(), (told, asked) => {
        const bot = botIn(told, asked);
        if (bot !== null) expect(new URL(bot.url).protocol).toMatch(/^wss?:$/);
      }),
    );
  });
});

describe('a wire whose bot sends anything at all', () => {
  let bot: PipecatServer;
  beforeAll(async () => {
    bot = await PipecatServer.start();
  });
  afterAll(() => bot.stop());

  it('goes on, or ends with one loss', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 40 }), async (frames) => {
        const listener = new RecordingWireListener();
        const entry = { kind: 'socket', url: bot.url, token: null, tokenIn: 'header' } as const;
        const wire = new PipecatWire(pipecatTarget({ entry }), callContext(), listener, wireServices());
        wire.connect();
        const connection = await bot.connection();
        wire.start();
        for (const bytes of frames) connection.bytes(bytes);
        connection.say({ the: 'last' });
        const last = (): boolean =>
          listener.all('message').some(({ data }) => JSON.stringify(data) === '{"the":"last"}');
        while (!last() && listener.all('lost').length === 0) await new Promise((resolve) => setImmediate(resolve));
        wire.callerAudio(new Int16Array(320), 0);
        const { types } = listener;
        expect(types.filter((type) => type === 'lost').length).toBeLessThanOrEqual(1);
        if (types.includes('lost')) expect(types.at(-1)).toBe('lost');
        expect(types).not.toContain('hangup');
        const before = types.length;
        await wire.callEnded();
        expect(listener.events).toHaveLength(before);
      }),
      { numRuns: 150 },
    );
  });
});
