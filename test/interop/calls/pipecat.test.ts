import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PromptLibrary } from '../../../src/media/prompts.ts';
import { Exchange, playScenes, type Scene, script } from '../../support/interop-calls.ts';
import { Hearing, type Utterance } from '../../support/interop-hearing.ts';
import { PhoneEar } from '../../support/phone-ear.ts';
import {
  type PipecatBot,
  type PipecatBotOptions,
  type PipecatVersion,
  pipecatInstalled,
  startPipecatBot,
} from '../../support/pipecat-bot.ts';
import { voice } from '../../support/scripted-agents/index.ts';
import { sharedPlay } from '../../support/steady-machine.ts';
import { endingOf, hopsOf, type Link, twilioLink } from '../../support/switchboard.ts';
import { ACCOUNT_SID, AUTH_TOKEN } from '../../support/twilio-agent.ts';
import { wentOnMs } from './last-words.ts';

type Serializer = 'protobuf' | 'twilio';

const VERSIONS: readonly PipecatVersion[] = ['new', 'old'];
const SERIALIZERS: readonly Serializer[] = ['protobuf', 'twilio'];
/** Of the tone that key 1 makes the bot say, and of its last words (test/interop/pipecat/bot.py). */
const TALK_HZ = 500;
const GOODBYE_HZ = 300;
const TALK_MS = 1_200;
const GOODBYE_MS = 200;

/** A bot that sends in real time is heard with a hole where a busy machine held it up. */
const HELD_UP_MS = 300;

const GREETING: Utterance = { seed: 0, ms: 1_600 };
/** The caller answers it. The bot repeats what it hears but the first 60 ms, by which it knows that somebody speaks. */
const ANSWER: Utterance = { seed: 6, ms: 1_600 };
const ANSWER_AT_MS = 2_600;
const REPEATED: Utterance = { ...ANSWER, fromMs: 200 };

const LECTURE: Utterance = { seed: 1, ms: 10_000 };
const OBJECTION: Utterance = { seed: 7, ms: 800 };
const OBJECTION_AT_MS = 2_000;
/** From the beginning of the lecture. */
const END_AFTER_MS = 4_500;

const STORY: Utterance = { seed: 2, ms: 8_000 };

function said({ seed, ms }: Utterance): Int16Array {
  return voice(seed, ms, 16_000);
}

function bridgedTo(bot: PipecatBot, serializer: Serializer, on_lost: Link['on_lost'] = {}): Link {
  if (serializer === 'twilio') return twilioLink('Bot', bot.url, { on_lost });
  return { name: 'Bot', provider: { kind: 'pipecat', url: bot.url }, on_lost };
}

async function timed(happens: Promise<unknown>): Promise<number> {
  const from = performance.now();
  await happens;
  return performance.now() - from;
}

describe.each(VERSIONS)('Whole calls with real Pipecat bots (%s)', (version) => {
  describe.runIf(pipecatInstalled(version))('that are installed', { timeout: 150_000 }, () => {
    const hangsUpByRest = (serializer: Serializer) => version === 'new' && serializer === 'twilio';
    /** Bots of either wire die alike. */
    const mortalSpeaks = version === 'new' ? 'twilio' : 'protobuf';
    const bots: PipecatBot[] = [];
    let exchange: Exchange;
    const played = sharedPlay(async () => {
      const scenes = await Promise.all([...SERIALIZERS.flatMap(conversations), mortality()]);
      return playScenes(Object.fromEntries(scenes));
    });
    const judge = async (name: string) => (await played())(name);

    beforeAll(async () => {
      exchange = await Exchange.open();
    });
    afterAll(async () => {
      await exchange?.close();
      await Promise.all(bots.map((bot) => bot.stop()));
    });

    async function start(
      serializer: Serializer,
      { seed, ms }: Utterance,
      options: Partial<PipecatBotOptions>,
    ): Promise<PipecatBot> {
      const greeting = exchange.voiceFile(seed, ms, serializer === 'twilio' ? 8_000 : 24_000);
      const bot = await startPipecatBot({ version, serializer, greeting, ...options });
      bots.push(bot);
      return bot;
    }

    function conversations(serializer: Serializer): Promise<[string, Scene]>[] {
      const rest = { baseUrl: exchange.url, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN };
      const ends = { echo: false, endAfterMs: END_AFTER_MS, ...(hangsUpByRest(serializer) && { rest }) };
      return [
        start(serializer, GREETING, { talkMs: TALK_MS }).then((bot) => [`talk ${serializer}`, talk(bot, serializer)]),
        start(serializer, LECTURE, ends).then((bot) => [`interruption ${serializer}`, interruption(bot, serializer)]),
      ];
    }

    async function mortality(): Promise<[string, Scene]> {
      return ['crash', crash(await start(mortalSpeaks, STORY, { echo: false }), mortalSpeaks)];
    }

    function talk(bot: PipecatBot, serializer: Serializer): Scene {
      const takesKeys = version === 'new' || serializer === 'twilio';
      return async () => {
        const audio = script(ANSWER_AT_MS, said(ANSWER));
        const call = await exchange.ring([bridgedTo(bot, serializer)], { audio });
        await call.waitFor('spoken', 15_000);
        // The bot takes half a second without a voice for the end of a speech.
        await delay(1_200);
        if (takesKeys) {
          call.press('1');
          await bot.event('dtmf');
          await delay(TALK_MS + 600);
        }
        call.hangUp();
        // Told to end, it may be over before it looks at its socket.
        const seenMs = await timed(Promise.race([bot.event('disconnected'), bot.event('over')]));
        await bot.event('over');
        const record = await exchange.board.ended(call);
        return async () => {
          const heard = await Hearing.of(call);
          const greeted = heard.expectWords(GREETING);
          const repeated = heard.expectWords(REPEATED, { fromMs: greeted.endMs });
          expect(repeated.atMs - heard.saidAt(ANSWER_AT_MS + 200)).toBeLessThan(700);
          if (takesKeys) {
            heard.expectTone(TALK_HZ, TALK_MS, { fromMs: repeated.endMs + 300, heldUpMs: HELD_UP_MS });
            expect(bot.events).toContainEqual({ event: 'dtmf', button: '1' });
          } else {
            expect(heard.soundMs(repeated.endMs + 600)).toBe(0);
          }
          expect(seenMs).toBeLessThan(500);
          expect(bot.events.filter(({ event }) => event === 'interrupted')).toEqual([]);
          expect(hopsOf(record)).toEqual(['connecting Bot', 'ready Bot']);
          expect(endingOf(record)).toBe('completed/user_hangup/user');
        };
      };
    }

    function interruption(bot: PipecatBot, serializer: Serializer): Scene {
      return async () => {
        const audio = script(OBJECTION_AT_MS, said(OBJECTION));
        const call = await exchange.ring([bridgedTo(bot, serializer)], { audio });
        await bot.event('interrupted');
        const record = await exchange.board.ended(call);
        return async () => {
          const heard = await Hearing.of(call);
          const { atMs, endMs } = heard.beginningOf(LECTURE);
          heard.expectWords({ ...LECTURE, ms: Math.floor((endMs - atMs) / 200) * 200 - 200 });
          const interruptedAt = heard.saidAt(OBJECTION_AT_MS);
          // To a fifth of a second less.
          expect(endMs - interruptedAt).toBeGreaterThan(-200);
          expect(endMs - interruptedAt).toBeLessThan(700);
          const goodbye = heard.expectTone(GOODBYE_HZ, GOODBYE_MS, { fromMs: endMs + 300, heldUpMs: HELD_UP_MS });
          // Between the two, nothing that was queued when the caller spoke.
          expect(heard.soundMs(endMs + 300, goodbye.atMs - 20)).toBe(0);
          // Two seconds of silence come after the last words, and nobody has to hear them out.
          expect(wentOnMs(call, heard, goodbye)).toBeLessThan(1_200);
          expect(endingOf(record)).toBe('completed/agent_hangup/agent');
          if (hangsUpByRest(serializer)) expect(record.ending).toMatchObject({ detail: 'twilio_completed' });
          expect(exchange.board.bridge.graphActions(call)).toEqual(['pre_accept', 'accept', 'terminate']);
        };
      };
    }

    function crash(bot: PipecatBot, serializer: Serializer): Scene {
      return async () => {
        const on_lost = { reconnect_attempts: 0, then: { prompt: 'unavailable.ogg' } };
        const call = await exchange.ring([bridgedTo(bot, serializer, on_lost)]);
        await call.waitFor('heard', 10_000);
        await delay(2_000);
        bot.kill();
        const killedAt = Date.now();
        const record = await exchange.board.ended(call);
        return async () => {
          const heard = await Hearing.of(call);
          const { atMs, endMs } = heard.beginningOf(STORY);
          expect(endMs - atMs).toBeGreaterThan(1_000);
          const prompt = await new PromptLibrary('assets/prompts').load('unavailable.ogg', 16_000);
          const found = (await PhoneEar.of(call)).find(prompt, killedAt - 200);
          expect(found.match).toBeGreaterThan(0.8);
          expect(found.atMs - killedAt).toBeLessThan(2_000);
          expect(hopsOf(record)).toEqual(['connecting Bot', 'ready Bot', 'failed Bot socket_lost']);
          expect(endingOf(record)).toBe('dropped/agent_lost/agent');
        };
      };
    }

    describe.each(SERIALIZERS)('over %s', (serializer) => {
      it('greets, repeats what it hears, obeys keys, and sees the caller hang up', () => judge(`talk ${serializer}`));
      it('stops when it is interrupted, and ends the call after its last words', () =>
        judge(`interruption ${serializer}`));
    });
    it('dies, and the caller hears why the call ends', () => judge('crash'));
  });
});

describe.runIf(pipecatInstalled('new') && pipecatInstalled('old'))('A real Pipecat bot that dies', () => {
  it('is followed by another one of another version, which knows what was said', async () => {
    const exchange = await Exchange.open();
    const greeting = ({ seed, ms }: Utterance) => exchange.voiceFile(seed, ms, 24_000);
    const [first, second] = await Promise.all([
      startPipecatBot({ version: 'new', greeting: greeting(STORY), said: true }),
      startPipecatBot({ version: 'old', greeting: greeting(GREETING), said: true }),
    ]);
    try {
      const call = await exchange.ring([
        { name: 'First', provider: { kind: 'pipecat', url: first.url } },
        { name: 'Second', provider: { kind: 'pipecat', url: second.url } },
      ]);
      await exchange.board.bridge.reached(call, 'transcript');
      await delay(2_500);
      first.kill();
      const killedAt = Date.now();
      // Once after each thing it says.
      await second.event('said', 2);
      await delay(300);
      const record = await exchange.board.hangUp(call);

      const heard = await Hearing.of(call);
      const before = heard.beginningOf(STORY);
      expect(before.endMs - before.atMs).toBeGreaterThan(1_000);
      const after = heard.expectWords(GREETING, { fromMs: before.endMs });
      // It says a line before, of 400 ms.
      expect(heard.unix(after.atMs) - killedAt).toBeLessThan(2_000);
      const lines = [
        { party: 'user', text: 'what time is it' },
        { party: 'agent', text: 'It is noon.' },
      ];
      const told = record.timeline.filter(({ type }) => type === 'transcript').map(({ data }) => data);
      expect(told).toEqual(['First', 'Second'].flatMap((agent) => lines.map((line) => ({ agent, ...line }))));
      expect(await second.event('message')).toMatchObject({
        type: 'call',
        data: {
          previous_agent: { name: 'First', failure: 'socket_lost' },
          transcript: lines,
        },
      });
      expect(hopsOf(record)).toEqual([
        'connecting First',
        'ready First',
        'failed First socket_lost',
        'connecting Second',
        'ready Second',
      ]);
    } finally {
      await exchange.close();
      await Promise.all([first.stop(), second.stop()]);
    }
  }, 60_000);
});
