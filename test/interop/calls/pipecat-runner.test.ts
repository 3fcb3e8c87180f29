import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { Exchange, script } from '../../support/interop-calls.ts';
import { Hearing, type Utterance } from '../../support/interop-hearing.ts';
import { type PipecatRunner, pipecatInstalled, startPipecatRunner } from '../../support/pipecat-bot.ts';
import { voice } from '../../support/scripted-agents/index.ts';
import { endingOf } from '../../support/switchboard.ts';
import { wentOnMs } from './last-words.ts';

const SPEECH: Utterance = { seed: 6, ms: 1_600 };
const SPEECH_AT_MS = 1_800;

describe.runIf(pipecatInstalled('new'))('The example bot, as its README has it run', () => {
  let exchange: Exchange;
  let runner: PipecatRunner;

  beforeAll(async () => {
    const bot = fileURLToPath(new URL('../../../examples/pipecat/bot.py', import.meta.url));
    // It lets nobody in without the one-time token of its start route.
    [exchange, runner] = await Promise.all([Exchange.open(), startPipecatRunner('localhost', await freePort(), bot)]);
  }, 60_000);

  afterAll(async () => {
    await exchange?.close();
    await runner?.stop();
  });

  it('is started for a call, greets, repeats, and says goodbye when # is pressed', async () => {
    const provider = { kind: 'pipecat', start_url: runner.startUrl };
    const audio = script(SPEECH_AT_MS, voice(SPEECH.seed, SPEECH.ms, 16_000));
    const call = await exchange.ring([{ name: 'Example', provider }], { audio });
    await call.waitFor('spoken', 20_000);
    await delay(1_000);
    call.press('#');
    const record = await exchange.board.ended(call);

    const heard = await Hearing.of(call);
    heard.expectTone(440, 400);
    const greeting = heard.expectTone(660, 400);
    const repeated = heard.expectWords(SPEECH, { fromMs: greeting.endMs });
    const goodbye = heard.expectTone(330, 400, { fromMs: repeated.endMs });
    expect(wentOnMs(call, heard, goodbye)).toBeLessThan(1_200);
    expect(endingOf(record)).toBe('completed/agent_hangup/agent');
  }, 40_000);
});
