import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type CheckAgentOptions, checkAgent } from '../../src/conformance/index.ts';
import { CHECK_OPTIONS } from '../support/check-options.ts';
import { freePort } from '../support/free-port.ts';
import { pipecatInstalled, startPipecatBot, startPipecatRunner } from '../support/pipecat-bot.ts';

/** Behaviours that did not pass, each with what was seen. */
async function notPassed(options: Partial<CheckAgentOptions>): Promise<Record<string, string>> {
  const findings = await Array.fromAsync(checkAgent({ ...CHECK_OPTIONS, ...options }));
  const others = findings.filter(({ result }) => result !== 'pass');
  return Object.fromEntries(others.map(({ behaviour, result, detail }) => [behaviour, `${result}: ${detail}`]));
}

const FIXED_RATE = { 'takes every rate': expect.stringMatching(/^skip/) };
describe.runIf(pipecatInstalled('new'))('the conformance kit on a real Pipecat bot', () => {
  it('passes the example, started by its start route', async () => {
    const script = fileURLToPath(new URL('../../examples/pipecat/bot.py', import.meta.url));
    const runner = await startPipecatRunner('localhost', await freePort(), script);
    try {
      expect(await notPassed({ wire: 'pipecat', url: runner.startUrl, bye: '#' })).toEqual(FIXED_RATE);
    } finally {
      await runner.stop();
    }
  }, 90_000);

  it('passes one with the Twilio serializer', async () => {
    const bot = await startPipecatBot({ version: 'new', serializer: 'twilio', greetingMs: 3_000 });
    try {
      const unknown = { 'lives with messages it does not know': expect.stringMatching(/^skip/) };
      expect(await notPassed({ wire: 'twilio', url: bot.url, bye: '9' })).toEqual({ ...FIXED_RATE, ...unknown });
    } finally {
      await bot.stop();
    }
  }, 90_000);
});

describe.runIf(pipecatInstalled('old'))(
  'the conformance kit on a Pipecat bot that does not say when it is interrupted',
  () => {
    it('passes it', async () => {
      const bot = await startPipecatBot({ version: 'old', greetingMs: 3_000 });
      try {
        const noKeys = { 'hangs up': expect.stringMatching(/^skip/) };
        expect(await notPassed({ wire: 'pipecat', url: bot.url })).toEqual({ ...FIXED_RATE, ...noKeys });
      } finally {
        await bot.stop();
      }
    }, 90_000);
  },
);
