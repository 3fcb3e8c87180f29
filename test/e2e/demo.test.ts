import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseWav, writeWav } from '../../src/audio/index.ts';
import { startChromium } from '../support/chromium.ts';
import { DemoProcess } from '../support/demo-process.ts';
import { PhonePage } from '../support/phone-page.ts';

const HELLO = 'assets/audio/hello.wav';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

describe('npm run demo', () => {
  it('places one call with --once, shows it step by step and ends with its verdict', async () => {
    const demo = start('--once');
    expect(await demo.exit()).toBe(0);
    const steps = [
      'call button pressed',
      'webhook verified',
      'pre_accept sent',
      'ICE and DTLS are up',
      'accept sent',
      'the call is answered',
      'sound',
      'all words are spoken',
      'hangs up',
      'call closed: completed (user_hangup)',
      'Its entry in the call log',
      'mos',
      'echo delay',
      'the call works',
    ];
    expect(steps.filter((step) => !demo.stdout.includes(step))).toEqual([]);
    expect(demo.stderr).toBe('');
    expect(existsSync(databaseOf(demo))).toBe(false);
  }, 40_000);

  it('calls a user with --outbound --once: asks, rings, and proves that the greeting is whole', async () => {
    const demo = start('--outbound', '--once');
    expect(await demo.exit()).toBe(0);
    const steps = [
      'A call of the business',
      'opens the window',
      'POST /platform/v1/whatsapp/calls with "permission": "ask"',
      'is asked by WhatsApp',
      '202: the user is being asked for permission',
      'taps Allow',
      'connect sent to Graph, with the SDP offer',
      'rings',
      'is picked up',
      'agent told that the person is on the line',
      'hears the first sound of the agent',
      'call closed: completed (user_hangup)',
      'Its entry in the call log',
      'outbound',
      'mos',
      'first sound of the greeting',
      'the first 100 ms of the greeting are intact',
    ];
    expect(steps.filter((step) => !demo.stdout.includes(step))).toEqual([]);
    expect(demo.stdout).toMatch(/media before pickup +0\n/);
    expect(demo.stderr).toBe('');
    expect(existsSync(databaseOf(demo))).toBe(false);
  }, 40_000);

  it('says that the agent is missing when the business calls', async () => {
    const demo = start('--outbound', '--once', '--agent', 'ws://127.0.0.1:1/');
    expect(await demo.exit()).toBe(1);
    expect(demo.stderr.trim()).toBe(
      'The demo cannot go on: the call was not picked up (agent_unavailable). The agent at ws://127.0.0.1:1/ is missing.',
    );
  });

  it('lets the business call the browser phone by what it says to paste', async () => {
    const demo = start('--outbound', '--audio', shortAudio(), '--phone-port', '0');
    const [, url = ''] = await demo.until(/browser phone +(http:\S+)/);
    const [, api = '', key = '', body = ''] = await demo.until(
      /curl (\S+) -H 'x-api-key: (\w+)' -H 'content-type: application\/json' -d '(.+)'/,
    );
    const page = await PhonePage.open(keep(await startChromium(HELLO)), url);
    await page.untilText('+1 415 555 0142');
    const headers = { 'x-api-key': key, 'content-type': 'application/json' };
    expect((await fetch(api, { method: 'POST', headers, body })).status).toBe(202);
    await page.untilText('May this business call you?');
    await page.press('Allow');
    await page.untilStatus('Incoming call…');
    await page.press('Accept');
    await page.untilStatus('On the line');
    await demo.until(/Your call[\s\S]*first sound of the agent/);
    demo.interrupt();
    expect(await demo.exit()).toBe(0);
    expect(demo.stderr).toBe('');
  }, 40_000);

  it('says that the agent is missing', async () => {
    const demo = start('--once', '--agent', 'ws://127.0.0.1:1/');
    expect(await demo.exit()).toBe(1);
    expect(demo.stderr.trim()).toBe(
      'The demo cannot go on: the call was not answered (agent_unavailable). The agent at ws://127.0.0.1:1/ is missing.',
    );
    expect(demo.stdout).toContain('agent failed: connect_refused');
  });

  it.each(['--port', '--phone-port'])('says at once that the port of %s is taken', async (option) => {
    const port = await takenPort();
    const demo = start(option, String(port));
    expect(await demo.exit()).toBe(1);
    expect(demo.stderr.trim()).toBe(
      `The demo cannot go on: port ${port} is taken by another program; choose another with --port or --phone-port.`,
    );
    expect(demo.stdout).toBe('');
  });

  it('serves the browser phone until Ctrl-C, which ends a call that is on', async () => {
    const demo = start('--audio', shortAudio(), '--phone-port', '0');
    const [, url = ''] = await demo.until(/browser phone +(http:\S+)/);
    const browser = keep(await startChromium(HELLO));
    const page = await PhonePage.open(browser, url);
    await page.press('Call');
    await page.untilStatus('On the line');
    await demo.until(/Your call[\s\S]*first sound of the agent/);
    demo.interrupt();
    await page.untilProblem('The line to the simulated WhatsApp broke.');
    expect(await demo.exit()).toBe(0);
    expect(demo.stderr).toBe('');
    expect(existsSync(databaseOf(demo))).toBe(false);
  }, 40_000);

  it('closes everything when it is interrupted in its first call', async () => {
    const demo = start('--once');
    await demo.until(/first sound of the agent/);
    demo.interrupt();
    expect(await demo.exit()).toBe(130);
    expect(demo.stderr).toBe('');
    expect(existsSync(databaseOf(demo))).toBe(false);
  });
});

function keep<T extends { close(): unknown }>(thing: T): T {
  open.push(thing);
  return thing;
}

function start(...options: string[]): DemoProcess {
  return keep(new DemoProcess(...options));
}

/** Where the demo said that its database is. */
function databaseOf({ stdout }: DemoProcess): string {
  const [, path] = /database +(\S+)/.exec(stdout) ?? [];
  if (path === undefined) throw new Error('the demo did not say where its database is');
  return path;
}

async function takenPort(): Promise<number> {
  const server = keep(createServer());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

/** The beginning of the words, so that the first call is soon over. */
function shortAudio(): string {
  const folder = mkdtempSync(join(tmpdir(), 'talkwire-short-'));
  keep({ close: () => rmSync(folder, { recursive: true }) });
  const audio = join(folder, 'short.wav');
  const { samples, rate } = parseWav(readFileSync(HELLO));
  writeFileSync(audio, writeWav(samples.subarray(0, 2 * rate), rate));
  return audio;
}
