import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PipecatAgent } from '../../../src/call/index.ts';
import { type PipecatBot, type PipecatVersion, pipecatInstalled, startPipecatBot } from '../../support/pipecat-bot.ts';
import { PipecatCall, pipecatTarget } from '../../support/pipecat-call.ts';

const VERSIONS: readonly PipecatVersion[] = ['new', 'old'];
const RATE = 24_000;
/** Three tones of 300 ms with 33 ms between them. */
const GREETING_MS = 966;

/** Milliseconds of sound from the first sample that is not zero to the last. */
function soundMs(pcm: Int16Array): number {
  const first = pcm.findIndex((sample) => sample !== 0);
  return first < 0 ? 0 : ((pcm.findLastIndex((sample) => sample !== 0) - first) * 1000) / RATE;
}

describe.each(VERSIONS)('the pipecat wire with a real bot (%s)', (version) => {
  describe.runIf(pipecatInstalled(version))('that is installed', () => {
    let bot: PipecatBot;
    let call: PipecatCall | null = null;

    beforeAll(async () => {
      bot = await startPipecatBot({ version, echo: false });
    }, 60_000);
    afterAll(() => bot?.stop());
    beforeEach(() => {
      bot.events.length = 0;
    });
    afterEach(async () => {
      await call?.end();
      call = null;
    });

    async function ring(url = bot.url, differences: Partial<PipecatAgent> = {}): Promise<PipecatCall> {
      const entry = { kind: 'socket', url, token: null, tokenIn: 'header' } as const;
      call = new PipecatCall(pipecatTarget({ entry, ...differences }));
      await call.listener.next('ready');
      return call;
    }

    async function pickUp(): Promise<PipecatCall> {
      const ringing = await ring();
      ringing.start();
      await bot.event('said');
      return ringing;
    }

    it('greets when the person is on the line and not before, and is heard whole', async () => {
      const { listener, start } = await ring().then((ringing) => ({
        listener: ringing.listener,
        start: () => ringing.start(),
      }));
      const told = await bot.event('message');
      expect(told).toMatchObject({
        type: 'call',
        data: { call: { call_id: 'wacid.test' }, parameters: { tier: 'gold' } },
      });
      expect(bot.events.map(({ event }) => event)).not.toContain('client_ready');
      expect(listener.all('audio')).toHaveLength(0);
      start();
      await bot.event('said');
      expect(soundMs(call!.heard)).toBeGreaterThan(GREETING_MS - 2);
      expect(soundMs(call!.heard)).toBeLessThanOrEqual(GREETING_MS);
    });

    it('tells the bot of a key', async () => {
      const { wire, listener } = await pickUp();
      wire.callerDtmf('5', 120);
      wire.instruct({ type: 'message', data: { do: 'tell', data: 'after the key' } });
      await listener.next('message');
      const keys = bot.events.filter(({ event }) => event === 'dtmf');
      // Pipecat knows keys over this wire since 1.5.0; before, they must at least do no harm.
      expect(keys).toMatchObject(version === 'new' ? [{ button: '5' }] : []);
      expect(listener.types).not.toContain('lost');
    });

    it('clears when the caller interrupts, and plays nothing stale after it', async () => {
      const { wire, listener } = await pickUp();
      wire.instruct({ type: 'message', data: { do: 'talk', ms: 20_000 } });
      await listener.next('audio');
      call!.loud = true;
      await listener.next('clear');
      const cleared = listener.all('audio').length;
      await bot.event('interrupted');
      wire.instruct({ type: 'message', data: { do: 'tell', data: 'quiet now' } });
      await listener.next('message');
      // An old bot says that the caller speaks just before it stops itself.
      expect(listener.all('audio').length - cleared).toBeLessThanOrEqual(version === 'new' ? 0 : 2);
      expect(listener.all('clear')).toHaveLength(1);
    });

    it('takes the end of the bot for a hang-up, after its last words', async () => {
      const { wire, listener } = await pickUp();
      const before = call!.heard.length;
      wire.instruct({ type: 'message', data: { do: 'end' } });
      expect(await listener.next('hangup')).toEqual({ type: 'hangup', drain: true, reason: null });
      const last = call!.heard.subarray(before);
      expect(soundMs(last)).toBeGreaterThan(195);
    });

    it('writes down each word once', async () => {
      const { wire, listener } = await pickUp();
      wire.instruct({ type: 'message', data: { do: 'said' } });
      await bot.event('said', 2);
      await vi.waitFor(() => expect(listener.all('transcript').length).toBeGreaterThanOrEqual(2), 5_000);
      expect(listener.all('transcript').map(({ transcript }) => transcript)).toEqual([
        { party: 'user', text: 'what time is it', final: true },
        { party: 'agent', text: 'It is noon.', final: true },
      ]);
    });

    it('hands messages of the application over', async () => {
      const { wire, listener } = await pickUp();
      wire.instruct({ type: 'message', data: { do: 'tell', data: { transfer: 'sales' } } });
      expect(await listener.next('message')).toEqual({ type: 'message', data: { transfer: 'sales' } });
    });

    it('is lost with a fatal error', async () => {
      const { wire, listener } = await pickUp();
      wire.instruct({ type: 'message', data: { do: 'fatal' } });
      expect((await listener.next('lost')).loss).toMatchObject({ code: 'agent_error', retryable: false });
    });

    it('tells the bot that the caller hung up', async () => {
      await pickUp();
      await call!.end();
      await bot.event('over');
    });

    it('is lost when the bot dies', async () => {
      const mortal = await startPipecatBot({ version, greeting: 'none' });
      const { listener } = await ring(mortal.url);
      await mortal.event('connected');
      mortal.kill();
      expect((await listener.next('lost')).loss).toMatchObject({ code: 'socket_lost', retryable: true });
      await mortal.stop();
    }, 60_000);

    it('echoes, at rates of its own and with a WAV header on every chunk', async () => {
      const other = await startPipecatBot({
        version,
        inRate: 8000,
        outRate: 16000,
        wavHeaders: true,
        greeting: 'none',
      });
      const { listener } = await ring(other.url, { callerRate: 8000 });
      call!.start();
      await other.event('client_ready');
      call!.loud = true;
      while (soundMs(call!.heard) < 400) await listener.next('audio');
      // 400 Hz: it crosses zero 800 times a second.
      const sound = call!.heard.subarray(call!.heard.findIndex((sample) => Math.abs(sample) > 2000));
      const crossings = sound.reduce((sum, sample, i) => sum + (i > 0 && sample < 0 !== sound[i - 1]! < 0 ? 1 : 0), 0);
      const perSecond = crossings / (sound.length / RATE);
      expect(perSecond).toBeGreaterThan(760);
      expect(perSecond).toBeLessThan(840);
      await other.stop();
    }, 60_000);
  });
});
