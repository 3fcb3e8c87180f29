import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentWire } from '../../../src/agents/index.ts';
import { PipecatWire } from '../../../src/agents/wires/pipecat/pipecat-wire.ts';
import { writeWav } from '../../../src/audio/index.ts';
import type { PipecatAgent } from '../../../src/call/index.ts';
import { callContext } from '../../support/call-context.ts';
import { pipecatTarget } from '../../support/pipecat-call.ts';
import { type PipecatConnection, PipecatServer, pipecatFrame } from '../../support/pipecat-server.ts';
import { RecordingWireListener, wireServices } from '../../support/wire-listener.ts';

const ramp = (length: number, from = 1): Int16Array => Int16Array.from({ length }, (_, i) => from + (i % 1000));
const READY = { about: { library: 'pipecat-ai', library_version: '1.14.0' }, version: '1.2.0' };
const READY_OLD = { about: { library: 'pipecat-ai', library_version: '1.2.1' }, version: '1.3.0' };

describe('the pipecat wire', () => {
  let server: PipecatServer;
  let listener: RecordingWireListener;
  let wire: AgentWire;

  beforeEach(async () => {
    server = await PipecatServer.start();
    listener = new RecordingWireListener();
  });
  afterEach(async () => {
    wire.abort();
    await server.stop();
  });

  type Differences = Partial<PipecatAgent> & { readonly path?: string };

  function make({ path = '/ws', ...differences }: Differences = {}, context = callContext()): AgentWire {
    const url = `ws://127.0.0.1:${server.port}${path}`;
    const entry = { kind: 'socket', url, token: null, tokenIn: 'header' } as const;
    wire = new PipecatWire(pipecatTarget({ entry, ...differences }), context, listener, wireServices());
    return wire;
  }

  async function connect(differences: Differences = {}): Promise<PipecatConnection> {
    make(differences).connect();
    await listener.next('ready');
    return server.connection();
  }

  /** Everything the bot said so far was taken: something of its own comes through. */
  async function settle(bot: PipecatConnection): Promise<void> {
    bot.say({ settle: true });
    await listener.next('message');
  }

  describe('on its way in', () => {
    it('tells of the call at once, and that the client is ready only when the person is on the line', async () => {
      const bot = await connect();
      const told = await bot.hear('client-message');
      expect(told).toMatchObject({
        label: 'rtvi-ai',
        data: {
          t: 'call',
          d: {
            call: { call_id: 'wacid.test', direction: 'inbound', from: { phone: '15550199', name: 'Ada' } },
            parameters: { tier: 'gold' },
            reconnect: 0,
            previous_agent: null,
            transcript: [],
          },
        },
      });
      await settle(bot);
      expect(bot.messages.map(({ type }) => type)).not.toContain('client-ready');
      wire.start();
      wire.start();
      expect(await bot.hear('client-ready')).toMatchObject({
        label: 'rtvi-ai',
        data: { version: '1.2.0', about: { library: 'talkwire' } },
      });
      wire.callerDtmf('1', 100);
      await bot.hear('dtmf');
      expect(bot.messages.filter(({ type }) => type === 'client-ready')).toHaveLength(1);
      const ids = bot.messages.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    });

    it.each([
      ['header', '/ws', 'Bearer s3cret'],
      ['query', '/ws?token=s3cret', undefined],
    ] as const)('shows the token in the %s', async (tokenIn, path, authorization) => {
      const bot = await connect({ entry: { kind: 'socket', url: server.url, token: 's3cret', tokenIn } });
      expect(bot.path).toBe(path);
      expect(bot.headers.authorization).toBe(authorization);
    });

    it('gives Pipecat Cloud the call as body, and leaves out the oldest lines that do not fit', async () => {
      const transcript = Array.from({ length: 200 }, (_, i) => ({ party: 'user' as const, text: `line number ${i}` }));
      make({ path: '/ws/generic/bot.org?serviceHost=a' }, callContext({ transcript })).connect();
      const bot = await server.connection();
      const query = new URL(bot.path, 'ws://x').searchParams;
      const body = query.get('body')!;
      expect(query.get('serviceHost')).toBe('a');
      expect(body.length).toBeLessThanOrEqual(4096);
      expect(body.length).toBeGreaterThan(3900);
      const read = JSON.parse(Buffer.from(body, 'base64').toString()) as { transcript: unknown[]; parameters: unknown };
      expect(read.transcript.at(-1)).toEqual({ party: 'user', text: 'line number 199' });
      expect(read.parameters).toEqual({ tier: 'gold' });
    });

    it('gives it no body that does not fit at all', async () => {
      const bot = await connect({ path: '/ws/generic/bot.org', parameters: { long: 'x'.repeat(5000) } });
      expect(bot.path).toBe('/ws/generic/bot.org');
    });

    it('fails for a URL that is none', async () => {
      make({ entry: { kind: 'socket', url: 'nonsense', token: null, tokenIn: 'query' } }).connect();
      expect((await listener.next('lost')).loss).toMatchObject({ code: 'connect_refused', retryable: false });
    });
  });

  describe('towards the bot', () => {
    it.each([8000, 16000] as const)('sends each frame at %i Hz, mono, numbered', async (callerRate) => {
      const bot = await connect({ callerRate });
      wire.start();
      const frames = [ramp(callerRate / 50, 1), ramp(callerRate / 50, 2000)];
      for (const [i, frame] of frames.entries()) wire.callerAudio(frame, i * 20);
      for (const [i, frame] of frames.entries()) {
        const heard = await bot.hearSound();
        expect(heard).toMatchObject({ id: i + 1, name: 'audio', sample_rate: callerRate, num_channels: 1 });
        expect(new Int16Array(Uint8Array.from(heard.audio).buffer)).toEqual(frame);
      }
    });

    it('sends no sound before the person is on the line', async () => {
      const bot = await connect();
      wire.callerAudio(ramp(320), 0);
      wire.start();
      wire.callerAudio(ramp(320, 7), 0);
      expect((await bot.hearSound()).audio.readInt16LE(0)).toBe(7);
    });

    it('tells of a key in both spellings', async () => {
      const bot = await connect();
      wire.callerDtmf('#', 100);
      expect(await bot.hear('dtmf')).toMatchObject({ label: 'rtvi-ai', data: { button: '#', buttons: ['#'] } });
    });

    it('passes on what is meant for the application, and nothing of Twilio', async () => {
      const bot = await connect();
      wire.instruct({ type: 'twiml', twiml: '<Response/>' });
      wire.instruct({ type: 'message', data: { colour: 'red' } });
      await bot.hear('client-message');
      expect(await bot.hear('client-message')).toMatchObject({ data: { t: 'message', d: { colour: 'red' } } });
    });

    it('asks the bot to end and closes, within 500 ms even if it does not answer', async () => {
      const bot = await connect();
      const before = performance.now();
      await wire.callEnded('user_hangup');
      expect(performance.now() - before).toBeLessThan(2000);
      expect((await bot.closed).code).toBe(1000);
      expect(bot.messages.at(-1)).toMatchObject({ type: 'disconnect-bot' });
      expect(bot.textCount).toBe(0);
    });

    it('is lost as stalled when the bot does not read for 5 s', async () => {
      const bot = await connect({ callerRate: 48000 });
      bot.stopReading();
      wire.start();
      const frame = new Int16Array(960);
      // The network takes some first, so more than 5 s are needed; nothing here waits for real time.
      for (let i = 0; i < 20_000 && listener.all('lost').length === 0; i += 1) wire.callerAudio(frame, i * 20);
      expect(listener.all('lost')[0]!.loss).toMatchObject({ code: 'stalled', retryable: false });
      expect(wire.callerAudioDroppedMs).toBeGreaterThan(4000);
    });
  });

  describe('sound of the bot', () => {
    it('comes sample by sample', async () => {
      const bot = await connect();
      bot.sound(ramp(960));
      expect(await listener.next('audio')).toEqual({ type: 'audio', samples: ramp(960), itemId: null });
    });

    it('that lies at an odd place in memory, or has half a sample too much, is read all the same', async () => {
      const bot = await connect();
      for (const name of ['a', 'ab', 'abc']) bot.sound(ramp(100), { name });
      bot.bytes(pipecatFrame({ audio: { audio: Buffer.from([1, 0, 2, 0, 3]), sample_rate: 24000, num_channels: 1 } }));
      for (let i = 0; i < 3; i += 1) expect((await listener.next('audio')).samples).toEqual(ramp(100));
      expect((await listener.next('audio')).samples).toEqual(Int16Array.of(1, 2));
    });

    it('loses the WAV header of each chunk', async () => {
      const bot = await connect();
      for (let i = 0; i < 2; i += 1) {
        bot.bytes(
          pipecatFrame({
            audio: { audio: writeWav(ramp(960), 24000), sample_rate: 24000 },
          }),
        );
      }
      for (let i = 0; i < 2; i += 1) expect((await listener.next('audio')).samples).toEqual(ramp(960));
    });

    it('is mixed down from stereo', async () => {
      const bot = await connect();
      bot.sound(Int16Array.of(100, 300, -2, -4), { num_channels: 2 });
      expect((await listener.next('audio')).samples).toEqual(Int16Array.of(200, -3));
    });

    it('is converted from another rate', async () => {
      const bot = await connect();
      for (let i = 0; i < 25; i += 1) bot.sound(ramp(640), { sample_rate: 16000 });
      await settle(bot);
      const samples = listener.all('audio').reduce((sum, each) => sum + each.samples.length, 0);
      expect(samples).toBeGreaterThan(23_900);
      expect(samples).toBeLessThanOrEqual(24_000);
    });

    it('keeps its pauses in time', async () => {
      const bot = await connect();
      bot.sound(ramp(960));
      for (let i = 0; i < 40; i += 1) bot.sound(new Int16Array(960));
      await settle(bot);
      expect(listener.all('audio')).toHaveLength(41);
    });
  });

  describe('an interruption', () => {
    it('clears', async () => {
      const bot = await connect();
      bot.interruption();
      await listener.next('clear');
    });

    it('of a bot that does not tell is taken from the caller speaking over it', async () => {
      const bot = await connect();
      bot.rtvi('bot-ready', READY_OLD);
      bot.rtvi('user-started-speaking');
      bot.rtvi('bot-started-speaking');
      bot.rtvi('user-started-speaking');
      bot.rtvi('bot-stopped-speaking');
      bot.rtvi('user-started-speaking');
      await settle(bot);
      expect(listener.types).toEqual(['ready', 'clear', 'message']);
    });

    it.each([
      ['says its version', (bot: PipecatConnection) => bot.rtvi('bot-ready', READY)],
      ['told of one before', (bot: PipecatConnection) => bot.interruption()],
    ])('of a bot that %s is taken from nothing else', async (_, before) => {
      const bot = await connect();
      before(bot);
      await settle(bot);
      const clears = listener.all('clear').length;
      bot.rtvi('bot-started-speaking');
      bot.rtvi('user-started-speaking');
      await settle(bot);
      expect(listener.all('clear')).toHaveLength(clears);
    });
  });

  describe('words', () => {
    const lines = (): unknown[] =>
      listener.all('transcript').map(({ transcript: { party, text, final } }) => [party, text, final]);

    it('of the caller come as they are recognised', async () => {
      const bot = await connect();
      bot.rtvi('user-transcription', { text: 'hel', final: false, user_id: '', timestamp: '' });
      bot.rtvi('user-transcription', { text: 'hello', final: true, user_id: '', timestamp: '' });
      await settle(bot);
      expect(lines()).toEqual([
        ['user', 'hel', false],
        ['user', 'hello', true],
      ]);
    });

    it('of the caller are not told twice by bots that send both spellings', async () => {
      const bot = await connect();
      bot.rtvi('user-input', { text: 'hello', input_type: 'transcription', final: true, timestamp: '' });
      bot.rtvi('user-transcription', { text: 'hello', final: true, user_id: '', timestamp: '' });
      await settle(bot);
      expect(lines()).toEqual([['user', 'hello', true]]);
    });

    it('of the bot are one line per turn, of what was spoken', async () => {
      const bot = await connect();
      bot.rtvi('bot-transcription', { text: 'It is noon. And more.' });
      bot.rtvi('bot-output', { text: 'It is noon.', spoken: false, aggregated_by: 'sentence' });
      bot.rtvi('bot-started-speaking');
      for (const text of ['It', 'is', 'noon.']) bot.rtvi('bot-output', { text, spoken: true, aggregated_by: 'word' });
      bot.rtvi('bot-stopped-speaking');
      bot.rtvi('bot-output', {
        text: 'Yes.',
        will_be_spoken: true,
        spoken_status: 'completed',
        output_type: 'sentence',
      });
      bot.rtvi('bot-transcription', { text: 'Yes.' });
      bot.rtvi('bot-stopped-speaking');
      await settle(bot);
      expect(lines()).toEqual([
        ['agent', 'It is noon.', true],
        ['agent', 'Yes.', true],
      ]);
    });

    it('of an old bot are those that it wrote, and the last come before it leaves', async () => {
      const bot = await connect();
      bot.rtvi('bot-transcription', { text: 'Hello.' });
      bot.rtvi('bot-transcription', { text: ' Goodbye.' });
      bot.close(1000);
      await listener.next('hangup');
      expect(listener.types).toEqual(['ready', 'transcript', 'hangup']);
      expect(lines()).toEqual([['agent', 'Hello. Goodbye.', true]]);
    });
  });

  describe('messages', () => {
    it('of the application come through, as server-message and as JSON of its own', async () => {
      const bot = await connect();
      bot.rtvi('server-message', { do: 'transfer' });
      bot.say({ mine: [1, 2] });
      expect(await listener.next('message')).toEqual({ type: 'message', data: { do: 'transfer' } });
      expect(await listener.next('message')).toEqual({ type: 'message', data: { mine: [1, 2] } });
    });

    it('of RTVI that matter to nobody are passed over', async () => {
      const bot = await connect();
      for (const type of ['metrics', 'bot-llm-text', 'error-response', 'error', 'bot-output'])
        bot.rtvi(type, { error: 'x' });
      bot.rtvi('bot-ready', { about: 7 });
      bot.rtvi('bot-output');
      await settle(bot);
      expect(listener.types).toEqual(['ready', 'message']);
    });

    it('that are too long are passed over', async () => {
      const bot = await connect();
      bot.say({ long: 'x'.repeat(70_000) });
      bot.say({ short: 1 });
      expect((await listener.next('message')).data).toEqual({ short: 1 });
    });
  });

  describe('the end of the connection', () => {
    it.each([
      [1000, 'bye', 'bye'],
      [1001, '', null],
      [undefined, undefined, null],
    ])('by close code %s is a hang-up', async (code, reason, said) => {
      const bot = await connect();
      bot.close(code, reason);
      expect(await listener.next('hangup')).toEqual({ type: 'hangup', drain: true, reason: said });
      wire.callerAudio(ramp(320), 0);
      await wire.callEnded('user_hangup');
      expect(listener.types).toEqual(['ready', 'hangup']);
    });

    it.each([
      [1013, 'socket_lost', true],
      [1011, 'socket_lost', true],
      [1008, 'unauthorized', false],
      [4400, 'agent_error', false],
    ])('by close code %i is a loss', async (code, loss, retryable) => {
      const bot = await connect();
      bot.close(code, 'number 15550199');
      const { loss: got } = await listener.next('lost');
      expect(got).toMatchObject({ code: loss, retryable });
      expect(Object.keys(got)).toEqual(['code', 'retryable', 'detail']);
      expect(got.detail).not.toContain('15550199');
    });

    it('without a word is a loss', async () => {
      const bot = await connect();
      bot.drop();
      expect((await listener.next('lost')).loss).toMatchObject({ code: 'socket_lost', retryable: true });
    });

    it('comes by a fatal error', async () => {
      const bot = await connect();
      bot.rtvi('error', { error: 'the key sk-1 is wrong', fatal: true });
      const { loss } = await listener.next('lost');
      expect(loss).toMatchObject({ code: 'agent_error', retryable: false });
      expect(loss.detail).not.toContain('sk-1');
      expect((await bot.closed).code).toBe(1006);
    });

    it.each([
      ['text', (bot: PipecatConnection) => bot.text('{"event":"connected"}')],
      ['bytes of something else', (bot: PipecatConnection) => bot.bytes(Buffer.from([0xff, 0xff, 0xff]))],
      ['messages that are not JSON', (bot: PipecatConnection) => bot.bytes(pipecatFrame({ message: { data: '{' } }))],
      ['sound of 77 Hz', (bot: PipecatConnection) => bot.sound(ramp(10), { sample_rate: 77 })],
      ['sound of 5 channels', (bot: PipecatConnection) => bot.sound(ramp(10), { num_channels: 5 })],
    ])('comes by %s, but not by a little of it', async (_, say) => {
      const bot = await connect();
      for (let i = 0; i < 20; i += 1) say(bot);
      await settle(bot);
      say(bot);
      expect((await listener.next('lost')).loss).toMatchObject({ code: 'protocol_error', retryable: false });
      expect(listener.types).toEqual(['ready', 'message', 'lost']);
    });

    it('by us says nothing more', async () => {
      const bot = await connect();
      wire.abort();
      await bot.closed;
      await wire.callEnded('user_hangup');
      expect(listener.types).toEqual(['ready']);
    });
  });
});
