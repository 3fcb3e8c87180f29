import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { correlate, parseWav, resample, writeWav } from '../../src/audio/index.ts';
import {
  type BrowserPhone,
  type SimulatedWhatsApp,
  startBrowserPhone,
  startSimulatedWhatsApp,
} from '../../src/simulator/index.ts';
import { API_KEY, type Bridge, type CallDetail, endedRecord, PHONE_NUMBER_ID, startBridge } from '../support/bridge.ts';
import { startChromium } from '../support/chromium.ts';
import { PhonePage } from '../support/phone-page.ts';
import { RawAgent, type RawAgentConnection } from '../support/raw-agent.ts';

const RATE = 16_000;
const hello = parseWav(readFileSync('assets/audio/hello.wav')).samples;
/** The microphone's file begins when the page opens it; the words must wait until the call is answered. */
const LEAD_MS = 2_500;
const NARROW_DARK = { colorScheme: 'dark', viewport: { width: 320, height: 640 } } as const;

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
  const line = theLine();

  // The first call of a browser is one whose sound nobody judges: while it loads and compiles its own, it stretches it.
  it('ends on the page when the agent hangs up', async () => {
    const { agent, bridge, phone } = line;
    const page = await openPage(phone, NARROW_DARK);
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

  it('is heard by the agent, hears its echo, presses keys and hangs up', async () => {
    const { agent, bridge, phone } = line;
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

  it('is answered when the browser hides its addresses behind mDNS names', async () => {
    const { agent, bridge, phone } = line;
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
    const { agent, bridge, phone } = line;
    const page = await openPage(phone);
    await page.press('Call');
    const connection = await agent.connection();
    await page.untilStatus('On the line');
    await page.page.close();
    expect(await recordOf(bridge, connection)).toMatchObject({ ending: { class: 'completed', reason: 'user_hangup' } });
  });
});

describe('The phone of headless Chromium, which the business calls', () => {
  const line = theLine();

  it('is asked first, rings, hears the greeting, is heard, and hangs up', async () => {
    const { agent, bridge, phone } = line;
    const page = await openPage(phone);
    await page.untilText('Not allowed');
    await page.press('Write “Hello”');
    await page.untilText('“Hello” is sent. For 24 hours the business may write without a template.');
    await page.screenshot('profile');
    const id = await dial(bridge, phone, 'ask');
    await page.untilText('May this business call you?');
    await page.screenshot('asked');
    await page.press('Allow');
    const connection = await agent.connection();
    connection.sound(hello);
    await page.untilStatus('Incoming call…');
    await page.screenshot('incoming');
    await page.press('Accept');
    const heardByAgent = listenTo(connection);
    await page.untilStatus('On the line');
    await page.page.waitForTimeout(2_000);
    await page.screenshot('talking-outbound');
    await page.page.waitForTimeout(LEAD_MS + (hello.length * 1000) / RATE - 1_000);
    const figures = await page.figures();
    const { rate, heard } = await page.recording();
    await page.press('Hang up');
    await page.untilStatus('You hung up.');
    await page.page.getByText('What happened').click();
    await page.screenshot('ended-outbound');

    const at16k = resample(heard, rate, RATE);
    const greeting = correlate(hello, at16k, RATE);
    const there = correlate(hello, heardByAgent(), RATE);
    process.stdout.write(`Chromium, called: ${JSON.stringify({ greeting, there, figures })}\n`);
    expect(greeting.waveform).toBeGreaterThan(0.7);
    expect(greeting.envelope).toBeGreaterThan(0.7);
    expect(there.waveform).toBeGreaterThan(0.8);
    expect(figures).toMatchObject({ codec: 'audio/opus', dtlsState: 'connected', iceRole: 'controlled' });
    expect(await endedRecord(bridge.get, id)).toMatchObject({
      direction: 'outbound',
      status: 'completed',
      ending: { class: 'completed', reason: 'user_hangup' },
      quality: { packets_lost: 0, srtp_refused: 0 },
    });
    expect(await page.leftOpen()).toEqual({ peer: false, microphone: false });
    expect(page.faults).toEqual([]);
  }, 45_000);

  it('is declined without a microphone, and the permission is taken back in the profile', async () => {
    const { bridge, phone } = line;
    const page = await openPage(phone, NARROW_DARK);
    await page.press('Always allow');
    await page.untilText('Always allowed');
    const id = await dial(bridge, phone, 'require');
    await page.untilStatus('Incoming call…');
    await page.screenshot('incoming-narrow-dark');
    await page.press('Decline');
    await page.untilStatus('You declined the call.');
    expect(await endedRecord(bridge.get, id)).toMatchObject({ ending: { class: 'missed', reason: 'declined' } });
    expect(await page.leftOpen()).toEqual({ peer: false, microphone: false });
    await page.press('Take back');
    await page.untilText('Not allowed');
    await page.screenshot('declined-narrow-dark');
    await expect.poll(() => permissionOf(bridge, phone.user)).toBe('no_permission');
    expect(page.faults).toEqual([]);
  });

  it('stops ringing when the business gives up', async () => {
    const { bridge, phone } = line;
    const page = await openPage(phone);
    await page.press('Allow 7 days');
    await expect.poll(() => permissionOf(bridge, phone.user)).toBe('temporary');
    const id = await dial(bridge, phone, 'require');
    await page.untilStatus('Incoming call…');
    await post(bridge, `/platform/v1/whatsapp/calls/${id}/hangup`, {});
    await page.untilStatus('Missed call: the other side gave up.');
    expect(await endedRecord(bridge.get, id)).toMatchObject({ ending: { class: 'missed', reason: 'cancelled' } });
  });

  it('goes on ringing when it may not use the microphone, and says so', async () => {
    const { bridge, phone } = line;
    const page = await openPage(phone);
    await page.refuseMicrophone();
    await page.press('Always allow');
    await expect.poll(() => permissionOf(bridge, phone.user)).toBe('permanent');
    await dial(bridge, phone, 'require');
    await page.untilStatus('Incoming call…');
    await page.press('Accept');
    await page.untilProblem('This page may not use the microphone. Allow it in the browser, then press Accept again.');
    await page.page.getByRole('button', { name: 'Accept', exact: true }).waitFor();
    await page.press('Decline');
    await page.untilStatus('You declined the call.');
    expect(page.faults).toEqual([]);
  });

  it('does not ring after the person has refused the request', async () => {
    const { agent } = line;
    const other = keep(await startBridge({ agentUrl: agent.url }));
    const itsPhone = keep(await servePage(other));
    const page = await openPage(itsPhone);
    await page.press('Write “Hello”');
    await page.untilText('“Hello” is sent. For 24 hours the business may write without a template.');
    const id = await dial(other, itsPhone, 'ask');
    await page.untilText('May this business call you?');
    await page.press('Decline');
    expect(await endedRecord(other.get, id)).toMatchObject({
      ending: { class: 'rejected', reason: 'permission_declined' },
    });
    await page.untilStatus('Ready to call');
    expect(other.whatsapp.received).toEqual([]);
    expect(page.faults).toEqual([]);
  });

  it('is the page that was opened last', async () => {
    const { phone } = line;
    const first = await openPage(phone);
    await first.untilText('+1 415 555 0142');
    await openPage(phone);
    await first.untilProblem('This phone was opened in another window, and calls ring there.');
  });
});

describe('The page says in a sentence', () => {
  it('that it may not use the microphone', async () => {
    const page = await openPage(keep(await servePage({ whatsapp: await whatsappWithoutBridge() })));
    await page.refuseMicrophone();
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

interface Line {
  readonly agent: RawAgent;
  readonly bridge: Bridge;
  /** The page of a phone. */
  readonly phone: BrowserPhone;
}

/**
 * An agent, a bridge that a browser reaches, and a phone, new for every test of a describe: what a person allowed in
 * one, or in an attempt that is repeated, is not allowed in the next.
 */
function theLine(): Line {
  const line: { -readonly [K in keyof Line]?: Line[K] } = {};
  beforeEach(async () => {
    const agent = await RawAgent.start();
    open.push({ close: () => agent.stop() });
    const environment = { TALKWIRE_BIND_ADDRESSES: ['127.0.0.1', ...lanAddresses()].join(',') };
    const bridge = keep(await startBridge({ agentUrl: agent.url, environment }));
    Object.assign(line, { agent, bridge, phone: keep(await servePage(bridge)) });
  });
  return line as Line;
}

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

/** Has the business call the user of the page. Resolves to our id of the call. */
async function dial(bridge: Bridge, { user }: BrowserPhone, permission: 'ask' | 'require'): Promise<string> {
  const body = { phone_number_id: PHONE_NUMBER_ID, to: user, permission };
  // The message of the user is stored when the page says that it is sent, and read a moment later.
  const taken = await vi.waitFor(async () => {
    const { status, body: answer } = await post(bridge, '/platform/v1/whatsapp/calls', body);
    expect({ status, answer }).toMatchObject({ status: 202 });
    return answer as { data: { id: string } };
  });
  return taken.data.id;
}

async function post({ service }: Bridge, path: string, body: object): Promise<{ status: number; body: unknown }> {
  const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
  const response = await fetch(service.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

/** As the bridge has it. */
async function permissionOf(bridge: Bridge, user: string): Promise<string> {
  const { body } = await bridge.get(`/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/call_permissions?user_wa_id=${user}`);
  return (body as { permission: { status: string } }).permission.status;
}

/** Says back what it hears; gives everything that was heard so far. */
function echo(connection: RawAgentConnection): () => Int16Array {
  return listenTo(connection, (frame) => connection.sound(frame));
}

/** Gives everything that was heard so far. */
function listenTo(connection: RawAgentConnection, onFrame: (frame: Buffer) => void = () => {}): () => Int16Array {
  const heard: Buffer[] = [];
  const listen = async () => {
    for (;;) {
      const frame = await connection.hearSound();
      heard.push(frame);
      onFrame(frame);
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
