import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resample } from '../../src/audio/index.ts';
import type { SimulatedCall } from '../../src/simulator/index.ts';
import { type Bridge, startBridge } from '../support/bridge.ts';
import { words } from '../support/house.ts';
import { PhoneEar } from '../support/phone-ear.ts';
import { PipecatServer } from '../support/pipecat-server.ts';
import { RawAgent } from '../support/raw-agent.ts';
import { endingOf, onTheLine, says, toUlaw } from '../support/switchboard.ts';
import { TwilioBot } from '../support/twilio-agent.ts';

const RATE = 16_000;

/** An agent of one wire: what the environment says of it, and how it says `greeting` on a call. */
interface Way {
  readonly what: string;
  readonly environment: () => Readonly<Record<string, string>>;
  readonly greet: (call: SimulatedCall, greeting: Int16Array) => Promise<void>;
}

describe('An agent that the environment describes answers a call', () => {
  let bot: TwilioBot;
  let pipecat: PipecatServer;
  let agent: RawAgent;
  let folder: string;
  beforeAll(async () => {
    [bot, pipecat, agent] = await Promise.all([TwilioBot.start(), PipecatServer.start(), RawAgent.start()]);
    folder = mkdtempSync(join(tmpdir(), 'talkwire-test-'));
  });
  afterAll(async () => {
    await Promise.all([bot.stop(), pipecat.stop(), agent.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const greetsAsBot: Way['greet'] = async (_, greeting) => {
    const stream = await bot.stream();
    await stream.hear('start');
    stream.sound(toUlaw(greeting));
    stream.mark('said');
    await stream.hear('mark');
  };

  const ways: readonly Way[] = [
    {
      what: 'the stream of a Twilio bot',
      environment: () => ({ TALKWIRE_AGENT_URL: bot.streamUrl, TALKWIRE_AGENT_WIRE: 'twilio' }),
      greet: greetsAsBot,
    },
    {
      what: 'the webhook of a Twilio bot, with the token that signs',
      environment: () => {
        bot.says(`<Connect><Stream url="${bot.streamUrl}"/></Connect>`);
        return {
          TALKWIRE_AGENT_URL: bot.webhookUrl,
          TALKWIRE_AGENT_WIRE: 'twilio',
          TALKWIRE_AGENT_TOKEN: 'signs-the-webhook',
        };
      },
      greet: async (call, greeting) => {
        await greetsAsBot(call, greeting);
        expect(bot.asked.at(-1)?.headers).toHaveProperty('x-twilio-signature');
      },
    },
    {
      what: 'the socket of a Pipecat bot',
      environment: () => ({
        TALKWIRE_AGENT_URL: pipecat.url,
        TALKWIRE_AGENT_WIRE: 'pipecat',
        TALKWIRE_AGENT_TOKEN: 'opens-the-socket',
      }),
      greet: async (call, greeting) => {
        const connection = await pipecat.connection();
        expect(connection.headers.authorization).toBe('Bearer opens-the-socket');
        await connection.hear('client-ready');
        connection.rtvi('bot-ready', { version: '1.0.0' });
        await call.waitFor('heard', 5_000);
        connection.sound(resample(greeting, RATE, 24_000));
        // It knows no marks.
        await new Promise((wake) => setTimeout(wake, 1_500));
      },
    },
    {
      what: 'a file, as the body of the API would',
      environment: () => {
        const file = join(folder, 'agent.json');
        const provider = { kind: 'websocket', url: agent.url, sample_rate: 24_000 };
        writeFileSync(file, JSON.stringify({ voice_agent: { name: 'From a file', provider } }));
        return { TALKWIRE_AGENT_FILE: file, TALKWIRE_AGENT_URL: '', TALKWIRE_AGENT_TOKEN: 'opens-it' };
      },
      greet: async (call, greeting) => {
        const connection = await onTheLine(agent, call);
        expect(connection.headers.authorization).toBe('Bearer opens-it');
        await says(connection, resample(greeting, RATE, 24_000));
      },
    },
  ];

  it.each(ways)('by $what', async ({ environment, greet }) => {
    const bridge: Bridge = await startBridge({ agentUrl: '', environment: environment() });
    try {
      const call = await bridge.whatsapp.call();
      const greeting = words(1_000);
      await greet(call, greeting);
      call.hangUp();
      await call.waitFor('closed', 5_000);
      expect((await PhoneEar.of(call)).find(greeting).match).toBeGreaterThan(0.8);
      expect(endingOf(await bridge.recordOf(call))).toBe('completed/user_hangup/user');
    } finally {
      await bridge.close();
    }
  });
});
