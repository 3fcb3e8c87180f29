import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type CheckAgentOptions, CheckOptionError, checkAgent, runCheckAgent } from '../../../src/conformance/index.ts';
import { CHECK_OPTIONS } from '../../support/check-options.ts';
import { RawAgent } from '../../support/raw-agent.ts';

async function faultOf(options: Partial<CheckAgentOptions>): Promise<string> {
  const fault = await checkAgent({ ...CHECK_OPTIONS, ...options })
    .next()
    .then(
      () => null,
      (error: unknown) => error,
    );
  expect(fault).toBeInstanceOf(CheckOptionError);
  return (fault as CheckOptionError).message;
}

describe('an option that cannot be used', () => {
  it.each<[string, Partial<CheckAgentOptions>]>([
    ['http on the raw wire', { url: 'http://127.0.0.1/' }],
    ['no URL', { url: 'echo-agent' }],
    ['no port', { url: 'ws://127.0.0.1:99999/' }],
    ['a file', { url: 'file:///etc/passwd', wire: 'twilio' }],
  ])('is told: %s', async (_name, options) => {
    expect(await faultOf(options)).toMatch(/^An agent on the (raw|twilio) wire has a URL that begins with ws:\/\//);
  });

  it.each(['', 'x', '12a', '1'.repeat(65)])('is told: the keys "%s"', async (bye) => {
    expect(await faultOf({ bye })).toMatch(/^--bye must be/);
  });

  it.each(['nowhere.wav', fileURLToPath(import.meta.url)])('is told: no WAV file', async (audio) => {
    expect(await faultOf({ audio })).toMatch(/^--audio cannot be used: /);
  });
});

it('says why an agent cannot be reached, and does not try again', async () => {
  const agent = await RawAgent.start({ refuseWith: 401 });
  const lines: string[] = [];
  const code = await runCheckAgent({ ...CHECK_OPTIONS, url: agent.url }, (line) => lines.push(line));
  await agent.stop();
  expect(code).toBe(1);
  expect(lines[0]).toBe(`FAIL  ${'takes the call'.padEnd(40)}unauthorized: the agent answered HTTP 401`);
  expect(lines.slice(1, -1).every((line) => line.startsWith('skip'))).toBe(true);
  expect(lines.at(-1)).toBe('0 passed, 1 failed, 10 skipped');
});

describe('talkwire check-agent', () => {
  const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));

  function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [CLI, 'check-agent', ...args], (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
  }

  it.each<[string, string[], RegExp]>([
    ['a wire it does not know', ['ws://127.0.0.1:1/', '--wire', 'sip'], /Allowed choices are raw, twilio, pipecat/],
    ['no wire', ['ws://127.0.0.1:1/'], /required option '--wire <wire>' not specified/],
    ['no URL', ['--wire', 'raw'], /missing required argument 'url'/],
    ['a rate it does not know', ['ws://127.0.0.1:1/', '--wire', 'raw', '--rate', '44100'], /Allowed choices are 8000/],
    ['a URL of another kind', ['http://127.0.0.1:1/', '--wire', 'raw'], /^An agent on the raw wire has a URL/],
  ])('ends with code 1 and a sentence: %s', async (_name, args, why) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stderr).toMatch(why);
    expect(stderr).not.toMatch(/\n +at /);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  it('ends with code 1 when the agent fails', async () => {
    const { code, stdout, stderr } = await run('ws://127.0.0.1:1/', '--wire', 'raw');
    expect(stdout).toMatch(
      /^FAIL {2}takes the call +connect_refused: the agent could not be reached \(ECONNREFUSED\)\n/,
    );
    expect(stderr).toBe('');
    expect(code).toBe(1);
  });
});
