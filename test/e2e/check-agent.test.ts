import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startEchoAgent } from '../../examples/echo-agent.ts';
import { startToneAgent } from '../../examples/tone-agent.ts';
import { startTwilioBot } from '../../examples/twilio/bot.ts';
import { type CheckAgentOptions, checkAgent, type Finding } from '../../src/conformance/index.ts';
import { startBadAgent, type Vice } from '../support/bad-agents.ts';
import { CHECK_OPTIONS } from '../support/check-options.ts';
import { sharedPlay } from '../support/steady-machine.ts';

const ALL = [
  'takes the call',
  'is heard',
  'sounds without gaps',
  'is interrupted by the caller',
  'lives with keys',
  'lives with messages it does not know',
  'takes every rate',
  'takes two calls at once',
  'comes back after a lost connection',
  'hangs up',
  'lets go when the caller hangs up',
];

interface Running {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const HERE = { port: 0, host: '127.0.0.1' } as const;

async function twilioBot(way: 'streamUrl' | 'webhookUrl'): Promise<Running> {
  const bot = await startTwilioBot(HERE);
  return { url: bot[way], close: () => bot.close() };
}

const EXAMPLES = {
  'the echo agent': { start: () => startEchoAgent(HERE), options: {} },
  'the tone agent': { start: () => startToneAgent(HERE), options: {} },
  'the Twilio bot by its stream': { start: () => twilioBot('streamUrl'), options: { wire: 'twilio', bye: '#' } },
  'the Twilio bot by its webhook': { start: () => twilioBot('webhookUrl'), options: { wire: 'twilio', bye: '#' } },
} as const satisfies Record<string, { start: () => Promise<Running>; options: Partial<CheckAgentOptions> }>;

/** Each with the behaviour that it fails, and why. */
const BAD: readonly [Vice, string, RegExp][] = [
  ['sends too slowly', 'sounds without gaps', /ran dry .* at least as fast/],
  ['goes on after clear', 'is interrupted by the caller', /^clear .*, but \d+ ms of sound came after it$/],
  ['never stops', 'is interrupted by the caller', /went on speaking for 5 s/],
  ['dies on keys', 'lives with keys', /^gone after the keys 123 \(socket_lost/],
  ['dies on messages', 'lives with messages it does not know', /^gone after one \(socket_lost/],
  ['knows one rate', 'takes every rate', /^not ready at 8000 Hz \(protocol_error/],
  ['does not come back', 'comes back after a lost connection', /^not ready again \(protocol_error/],
  ['breaks off', 'hangs up', /^it broke off instead \(socket_lost/],
  ['stays', 'hangs up', /^it did not within 10 s of the keys #$/],
  ['does not answer the close', 'lets go when the caller hangs up', /did not answer the close within 500 ms/],
];
const OTHERS: readonly Vice[] = ['none', 'takes one call', 'silent', 'never ready'];

async function check(
  name: string,
  agent: Running,
  options: Partial<CheckAgentOptions>,
): Promise<[string, readonly Finding[]]> {
  const findings = await Array.fromAsync(checkAgent({ ...CHECK_OPTIONS, url: agent.url, ...options }));
  await agent.close();
  return [name, findings];
}

async function runCommand(): Promise<string> {
  const agent = await startEchoAgent({ ...HERE, token: 'let-me-in' });
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
  const args = [cli, 'check-agent', agent.url, '--wire', 'raw', '--token', 'let-me-in', '--token-in', 'query'];
  // Rejects on any exit code but 0.
  const { stdout } = await promisify(execFile)(process.execPath, args);
  await agent.close();
  return stdout;
}

// All at once: each makes its calls one after the other in real time, and most of that time nothing happens.
const checked = sharedPlay(async () => {
  const vices = [...OTHERS, ...BAD.map(([vice]) => vice)];
  const [printed, ...all] = await Promise.all([
    runCommand(),
    ...Object.entries(EXAMPLES).map(async ([name, { start, options }]) => check(name, await start(), options)),
    ...vices.map(async (vice) => check(vice, await startBadAgent(vice), { bye: '#' })),
  ]);
  return { printed, findings: new Map(all) };
});

async function resultsOf(name: string): Promise<Record<string, string>> {
  const { findings } = await checked();
  return Object.fromEntries((findings.get(name) ?? []).map(({ behaviour, result }) => [behaviour, result]));
}

async function detailOf(name: string, behaviour: string): Promise<string | undefined> {
  const { findings } = await checked();
  return findings.get(name)?.find((finding) => finding.behaviour === behaviour)?.detail;
}

/** All behaviours as `pass`, but for these. */
function passes(others: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...Object.fromEntries(ALL.map((name) => [name, 'pass'])), ...others };
}

describe('the conformance kit', { timeout: 90_000 }, () => {
  it('passes an agent that does all of it, in order', async () => {
    const { findings } = await checked();
    expect(findings.get('none')?.map(({ behaviour }) => behaviour)).toEqual(ALL);
    expect(await resultsOf('none')).toEqual(passes());
  });

  it('passes the echo agent, which neither greets nor hangs up', async () => {
    const missing = { 'is interrupted by the caller': 'skip', 'hangs up': 'skip' };
    expect(await resultsOf('the echo agent')).toEqual(passes(missing));
    expect(await detailOf('the echo agent', 'is heard')).toMatch(/^answers, \d+ ms after the caller began to speak/);
  });

  it('passes the tone agent, which does not listen', async () => {
    const missing = { 'is interrupted by the caller': 'skip', 'hangs up': 'skip' };
    expect(await resultsOf('the tone agent')).toEqual(passes(missing));
    expect(await detailOf('the tone agent', 'is heard')).toMatch(/^greets/);
  });

  it.each(['the Twilio bot by its stream', 'the Twilio bot by its webhook'])('passes %s', async (name) => {
    const foreign = { 'lives with messages it does not know': 'skip', 'takes every rate': 'skip' };
    expect(await resultsOf(name)).toEqual(passes(foreign));
  });

  it.each(BAD)('fails an agent that %s', async (vice, behaviour, why) => {
    // With its keys it is dead before it can hang up.
    const more = vice === 'dies on keys' ? { 'hangs up': 'fail' } : {};
    expect(await resultsOf(vice)).toEqual(passes({ [behaviour]: 'fail', ...more }));
    expect(await detailOf(vice, behaviour)).toMatch(why);
  });

  it('says what to set for an agent that takes one call', async () => {
    expect(await resultsOf('takes one call')).toEqual(passes({ 'takes two calls at once': 'skip' }));
    expect(await detailOf('takes one call', 'takes two calls at once')).toMatch(
      /connect_refused.*max_concurrent_calls 1/,
    );
  });

  it('finds all that can be found of an agent that is never heard', async () => {
    const unseen = ALL.filter((name) => /gaps|interrupted|two calls|comes back/.test(name));
    const skipped = Object.fromEntries(unseen.map((name) => [name, 'skip']));
    expect(await resultsOf('silent')).toEqual(passes({ 'is heard': 'fail', ...skipped }));
    expect(await detailOf('silent', 'is heard')).toMatch(/^no sound came, though it was spoken to/);
    expect(await detailOf('silent', 'sounds without gaps')).toBe('cannot be seen without "is heard"');
  });

  it('does not wait eleven times for an agent that is never ready', async () => {
    const others = Object.fromEntries(ALL.slice(1).map((name) => [name, 'skip']));
    expect(await resultsOf('never ready')).toEqual({ ...others, 'takes the call': 'fail' });
    expect(await detailOf('never ready', 'takes the call')).toBe('it was not ready within 10 s');
  });

  it('is a command that prints a line for each behaviour, and ends with code 0 when none failed', async () => {
    const { printed } = await checked();
    const lines = printed.trimEnd().split('\n');
    expect(lines).toHaveLength(ALL.length + 1);
    for (const [i, name] of ALL.entries()) expect(lines[i]).toMatch(new RegExp(`^(pass|skip)  ${name} +\\S`));
    expect(lines.at(-1)).toBe('9 passed, 0 failed, 2 skipped');
  });
});
