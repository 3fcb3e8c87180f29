import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { correlate, parseWav, resample, writeWav } from '../../src/audio/index.ts';
import {
  type BrowserPhone,
  type SimulatedWhatsApp,
  startBrowserPhone,
  startSimulatedWhatsApp,
} from '../../src/simulator/index.ts';
import { type Bridge, type CallDetail, endedRecord, PHONE_NUMBER_ID, startBridge } from '../support/bridge.ts';
import { startChromium } from '../support/chromium.ts';
import { PhonePage } from '../support/phone-page.ts';
import { RawAgent, type RawAgentConnection } from '../support/raw-agent.ts';

const RATE = 16_000;
const hello = parseWav(readFileSync('assets/audio/hello.wav')).samples;
/** The microphone's file begins when the page opens it; the words must wait until the call is answered. */
const LEAD_MS = 2_500;

const folder = mkdtempSync(join(tmpdir(), 'talkwire-chromium-'));
const open: { close(): Promise<void> }[] = [];
let browser: Browser;

beforeAll(async () => {
  const spoken = new Int16Array((LEAD_MS * RATE) / 1000 + hello.length);
  spoken.set(hello, spoken.length - hello.length);
  const microphone = join(folder, 'microphone.wav');
  writeFileSync(microphone, writeWav(spoken, RATE));
  browser = await startChromium(microphone);
}, 60_000);
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('A call from headless Chromium, which is full ICE and offers everything it has', () => {
  let bridge: Bridge;
  let agent: RawAgent;
  let phone: BrowserPhone;
  beforeAll(async () => {
    agent = await RawAgent.start();
    const environment = { TALKWIRE_BIND_ADDRESSES: ['127.0.0.1', ...lanAddresses()].join(',') };
    bridge = await startBridge({ agentUrl: agent.url, environment });
    phone = await servePage(bridge);
  });
  afterAll(async () => {
    await phone?.close();
    await bridge?.close();
    await agent?.stop();
  });

  it('is heard by the agent, hears its echo, presses keys and hangs up', async () => {
    const page = await openPage(phone);
    await page.screenshot('idle');
    await page.press('Call');
    const [connection] = await Promise.all([agent.connection(), page.screenshot('calling')]);
    const heardByAgent = echo(connection);
    await page.untilStatus('On the line');
    await page.page.waitForTimeout(LEAD_MS + (hello.length * 1000) / RATE - 1_500);
    await page.screenshot('talking');
    await page.press('Keypad');
    await page.page.waitForTimeout(2_000);
    await page.press('7');
    await page.page.keyboard.press('#');
    expect([await connection.hear('dtmf'), await connection.hear('dtmf')]).toMatchObject([
      { digit: '7' },
      { digit: '#' },
    ]);
    await page.screenshot('keypad');
    const figures = await page.figures();
    const { rate, spoken, heard } = await page.recording();
    await page.press('Hang up');
    await page.untilStatus('You hung up.');
    await page.page.getByText('What happened').click();
    await page.screenshot('ended');

    const at16k = (samples: Int16Array) => resample(samples, rate, RATE);
    const there = correlate(hello, heardByAgent(), RATE);
    const back = correlate(hello, at16k(heard), RATE);
    const echoed = correlate(at16k(spoken), at16k(heard), RATE);
    const measured = { there, back, echoMs: echoed.lagMs, figures };
    process.stdout.write(`Chromium: ${JSON.stringify(measured)}\n`);
    expect(there.waveform).toBeGreaterThan(0.8);
    expect(there.envelope).toBeGreaterThan(0.8);
    expect(back.waveform).toBeGreaterThan(0.7);
    expect(back.envelope).toBeGreaterThan(0.7);
    expect(echoed.lagMs).toBeGreaterThan(0);
    expect(echoed.lagMs).toBeLessThan(400);

    expect(figures).toMatchObject({
      packetsLost: 0,
      packetsLostByBridge: 0,
      codec: 'audio/opus',
      dtlsState: 'connected',
      srtpCipher: 'SRTP_AES128_CM_HMAC_SHA1_80',
      iceRole: 'controlling',
    });
    const packets = (LEAD_MS / 1000 + hello.length / RATE) * 50;
    expect(figures.packetsReceived).toBeGreaterThan(packets);
    expect(figures.packetsSent).toBeGreaterThan(packets);
    expect(figures.concealedRatio).toBeLessThan(0.02);

    expect(connection.messages.filter(({ type }) => type === 'dtmf')).toHaveLength(2);
    expect(await recordOf(bridge, connection)).toMatchObject({
      status: 'completed',
      ending: { class: 'completed', reason: 'user_hangup' },
      quality: { packets_lost: 0, remote_loss_ratio: 0, srtp_refused: 0, dtmf_received: 2 },
    });
    expect(await page.leftOpen()).toEqual({ peer: false, microphone: false });
    expect(page.faults).toEqual([]);
  }, 45_000);

  it('ends on the page when the agent hangs up', async () => {
    const page = await openPage(phone, { colorScheme: 'dark', viewport: { width: 320, height: 640 } });
    await page.press('Call');
    const connection = await agent.connection();
    await page.untilStatus('On the line');
    await page.screenshot('talking-narrow-dark');
    connection.say({ type: 'hangup' });
    await page.untilStatus('The other side hung up.');
    await page.screenshot('ended-narrow-dark');
    expect(await recordOf(bridge, connection)).toMatchObject({
      ending: { class: 'completed', reason: 'agent_hangup' },
    });
    expect(await page.leftOpen()).toEqual({ peer: false, microphone: false });
    expect(page.faults).toEqual([]);
  });

  it('is answered when the browser hides its addresses behind mDNS names', async () => {
    const page = await openPage(phone);
    let hidden = '';
    await page.page.route('**/phone/calls', (route) => {
      const { sdp } = route.request().postDataJSON() as { sdp: string };
      hidden = sdp.replace(/(?<=a=candidate:\S+ 1 udp \d+ )\S+/g, `${randomUUID()}.local`);
      return route.continue({ postData: JSON.stringify({ sdp: hidden }) });
    });
    await page.press('Call');
    const connection = await agent.connection();
    await page.untilStatus('On the line');
    await connection.hearSound();
    expect(hidden).toContain('.local ');
    expect(hidden).not.toMatch(/a=candidate:\S+ 1 udp \d+ [\d.]+ /);
    await page.press('Hang up');
    expect(await recordOf(bridge, connection)).toMatchObject({ ending: { reason: 'user_hangup' } });
  });

  it('is hung up when the page is closed', async () => {
    const page = await openPage(phone);
    await page.press('Call');
    const connection = await agent.connection();
    await page.untilStatus('On the line');
    await page.page.close();
    expect(await recordOf(bridge, connection)).toMatchObject({ ending: { class: 'completed', reason: 'user_hangup' } });
  });
});

describe('The page says in a sentence', () => {
  it('that it may not use the microphone', async () => {
    const page = await openPage(keep(await servePage({ whatsapp: await whatsappWithoutBridge() })));
    await page.page.evaluate(
      `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))`,
    );
    await page.press('Call');
    await page.untilProblem('This page may not use the microphone. Allow it in the browser, then press Call again.');
    await page.screenshot('no-microphone');
    expect(page.faults).toEqual([]);
  });

  it('that the agent is missing, and that the demo has gone', async () => {
    const phone = await servePage(keep(await startBridge({ agentUrl: 'ws://127.0.0.1:1/' })));
    const page = await openPage(phone);
    await page.press('Call');
    await page.untilProblem('The call was rejected before it was answered. Is the agent running?');
    await page.screenshot('agent-missing');
    await phone.close();
    await page.press('Call');
    await page.untilProblem('The simulated WhatsApp does not answer. Is the demo still running?');
  });

  it('that the bridge is down', async () => {
    const page = await openPage(keep(await servePage({ whatsapp: await whatsappWithoutBridge() })));
    await page.press('Call');
    await page.untilProblem('The bridge does not answer. Is it running?');
    await page.screenshot('bridge-down');
    await page.untilProblem('The bridge could not be reached. Is it running?');
  });
});

function keep<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}

async function whatsappWithoutBridge(): Promise<SimulatedWhatsApp> {
  return keep(
    await startSimulatedWhatsApp({
      bridgeWebhookUrl: 'http://127.0.0.1:1/',
      appSecret: 'secret',
      phoneNumberId: PHONE_NUMBER_ID,
      displayPhoneNumber: '15550001111',
      token: 'token',
      acceptTimeoutMs: 4_000,
    }),
  );
}

function servePage({ whatsapp }: Pick<Bridge, 'whatsapp'>): Promise<BrowserPhone> {
  return startBrowserPhone({ whatsapp, host: '127.0.0.1', port: 0, pageFolder: 'web/phone' });
}

async function openPage(phone: BrowserPhone, options?: Parameters<typeof PhonePage.open>[2]): Promise<PhonePage> {
  return keep(await PhonePage.open(browser, phone.url, options));
}

/** Says back what it hears; gives everything that was heard so far. */
function echo(connection: RawAgentConnection): () => Int16Array {
  const heard: Buffer[] = [];
  const listen = async () => {
    for (;;) {
      const frame = await connection.hearSound();
      heard.push(frame);
      connection.sound(frame);
    }
  };
  void listen();
  return () => {
    const bytes = Buffer.concat(heard);
    return Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
  };
}

/** What the log says of the call that this agent was connected for, once it has an ending. */
async function recordOf(bridge: Bridge, { messages }: RawAgentConnection): Promise<CallDetail> {
  const { call } = messages.find(({ type }) => type === 'start') as { call: { call_id: string } } & object;
  return await endedRecord(bridge.get, call.call_id);
}

/** A browser's candidates are on them. */
function lanAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
}
