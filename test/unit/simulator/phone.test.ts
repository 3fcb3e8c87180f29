import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RungHandset } from '../../../src/simulator/handset.ts';
import {
  type CallOptions,
  type CallReport,
  type HandsetListener,
  measureEcho,
  NETWORK_PROFILES,
  type SimulatedCall,
  type SimulatedWhatsApp,
  type SimulatedWhatsAppOptions,
  startSimulatedWhatsApp,
} from '../../../src/simulator/index.ts';
import { type PhoneOptions, SimulatedPhone } from '../../../src/simulator/phone/simulated-phone.ts';
import { loadSpeech } from '../../../src/simulator/phone/speech.ts';
import { type Leg, OPUS_SILENCE, openOfferingLeg } from '../../../src/webrtc/index.ts';
import { babble } from '../../support/babble.ts';
import { LegLog, loopback } from '../../support/leg-pair.ts';
import { MiniBridge, type MiniBridgeManners } from '../../support/mini-bridge.ts';
import { openThings } from '../../support/open-things.ts';

describe('the simulated phone', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  async function call(
    manners: MiniBridgeManners,
    options: CallOptions = {},
    changes: Partial<SimulatedWhatsAppOptions> = {},
  ): Promise<{ bridge: MiniBridge; placed: SimulatedCall; whatsapp: SimulatedWhatsApp }> {
    let graphUrl = '';
    const bridge = await MiniBridge.start(() => graphUrl, manners);
    const whatsapp = await startSimulatedWhatsApp({
      bridgeWebhookUrl: bridge.url,
      appSecret: 'app secret',
      phoneNumberId: '111',
      displayPhoneNumber: '15550001111',
      token: 'token',
      ...changes,
    });
    graphUrl = whatsapp.graphUrl;
    opened.push(whatsapp, bridge);
    return { bridge, whatsapp, placed: await whatsapp.call(options) };
  }

  async function phoneOf(placed: SimulatedCall): Promise<NonNullable<CallReport['phone']>> {
    const { phone } = await placed.report();
    if (phone === null) throw new Error('the call had another handset');
    return phone;
  }

  /** Hangs up a little after the last word, when its echo is back. */
  async function finish(placed: SimulatedCall, listenMs = 300): Promise<void> {
    await placed.waitFor('spoken', 10_000);
    await new Promise((resolve) => setTimeout(resolve, listenMs));
    placed.hangUp();
    await placed.waitFor('closed', 5_000);
  }

  it('offers what Meta offers, at the address of its relay', async () => {
    const { bridge } = await call({ echo: true });
    const [caught] = await bridge.webhooks.deliveries(1);
    const session = caught?.values[0]?.calls[0]?.['session'] as { sdp: string } | undefined;
    const sdp = session?.sdp ?? '';
    expect(sdp).toContain('a=ice-lite\r\n');
    expect(sdp).toContain('a=setup:actpass\r\n');
    expect(sdp.match(/a=candidate:/g)).toHaveLength(1);
    const port = /^m=audio (\d+) /m.exec(sdp)?.[1];
    expect(sdp).toMatch(new RegExp(`a=candidate:\\S+ 1 udp \\d+ 127\\.0\\.0\\.1 ${port} typ host`));
  });

  it.each([null, 'clean'] as const)('speaks after accept and hears its echo, with the network %s', async (profile) => {
    const { bridge, placed } = await call({ echo: true }, { audio: babble(1_500), profile });
    await bridge.answer();
    await finish(placed);
    const report = await placed.report();
    const phone = await phoneOf(placed);
    expect(phone.mediaBeforeAccept).toBe(0);
    expect(phone.packetsReceived).toBeGreaterThanOrEqual(75);
    expect(phone.lossRatio).toBe(0);
    const echo = measureEcho(phone);
    expect(echo?.waveform).toBeGreaterThan(0.8);
    expect(echo?.delayMs).toBeGreaterThan(-5);
    expect(echo?.delayMs).toBeLessThan(40);
    expect(report.setup.acceptedMs).toBeGreaterThan(report.setup.connectedMs ?? Number.NaN);
    expect(report.endedBy).toBe('user');
  });

  it('speaks as soon as media is up when the business accepts without pre_accept', async () => {
    const { bridge, placed } = await call({ echo: true, acceptsAtOnce: true }, { audio: babble(400) });
    await bridge.answer();
    await finish(placed);
    expect(measureEcho(await phoneOf(placed))?.waveform).toBeGreaterThan(0.7);
  });

  it('hears through a lossy network what the network lets through', async () => {
    const { bridge, placed } = await call(
      { echo: true },
      { audio: babble(3_000), profile: 'bursty', seed: 11 },
      { mediaOnly: true },
    );
    await bridge.answer();
    await finish(placed);
    const phone = await phoneOf(placed);
    const echo = measureEcho(phone);
    expect(phone.packetsReceived).toBeLessThan(phone.packetsSent);
    expect(echo?.delayMs).toBeGreaterThan(60);
    expect(echo?.envelope).toBeGreaterThan(0.6);
  });

  it('counts media that comes before accept', async () => {
    const { bridge, placed } = await call({ echo: false, speaksEarly: true });
    await bridge.answer();
    placed.hangUp();
    await placed.waitFor('closed', 5_000);
    expect((await phoneOf(placed)).mediaBeforeAccept).toBe(5);
  });

  it('presses keys', async () => {
    const { bridge, placed } = await call({ echo: true });
    await bridge.answer();
    await placed.waitFor('heard', 3_000);
    placed.press('1#');
    while (bridge.dtmf.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(bridge.dtmf.join('')).toBe('1#');
    expect(() => placed.press('12x')).toThrow(RangeError);
  });

  it('drops a call in which it never hears anything', async () => {
    const { bridge, placed } = await call({ echo: false }, {}, { firstMediaTimeoutMs: 300 });
    await bridge.answer();
    await placed.waitFor('closed', 5_000);
    expect(placed.endedBy).toBe('meta');
    expect(bridge.webhooks.caught.at(-1)?.values[0]).toMatchObject({
      calls: [{ event: 'terminate', status: 'FAILED', start_time: expect.any(String), errors: [{ code: 138021 }] }],
      errors: [{ code: 138021 }],
    });
  });

  it('drops a call that falls silent when the network goes down, and not before its time', async () => {
    const { bridge, placed } = await call(
      { echo: true },
      { audio: babble(200), loop: true, faults: [{ type: 'network.cut', afterMs: 300 }] },
      { firstMediaTimeoutMs: 5_000, mediaGapTimeoutMs: 400 },
    );
    await bridge.answer();
    await placed.waitFor('closed', 5_000);
    const at = (type: string): number => placed.timeline.find((entry) => entry.type === type)?.at ?? Number.NaN;
    expect(placed.endedBy).toBe('meta');
    expect(at('ended') - at('network.down')).toBeGreaterThan(300);
    expect(at('ended') - at('network.down')).toBeLessThan(900);
  });

  it('survives a cut that is shorter than its patience, and counts the gap', async () => {
    const { bridge, placed } = await call(
      { echo: true },
      { audio: babble(1_000), faults: [{ type: 'network.cut', afterMs: 300, forMs: 200 }] },
    );
    await bridge.answer();
    await finish(placed);
    const phone = await phoneOf(placed);
    expect(placed.endedBy).toBe('user');
    expect(phone.maxGapMs).toBeGreaterThan(150);
    expect(phone.gaps).toBeGreaterThanOrEqual(1);
  });

  it('never connects when it is deaf', async () => {
    const { bridge, placed } = await call(
      { echo: true },
      { faults: [{ type: 'ice.never' }] },
      { acceptTimeoutMs: 700 },
    );
    void bridge.answer();
    await placed.waitFor('closed', 5_000);
    expect((await placed.report()).setup).toMatchObject({ preAcceptedMs: expect.any(Number), connectedMs: null });
  });

  it('hears the business hang up', async () => {
    const { bridge, placed } = await call({ echo: true }, { audio: babble(200) });
    await bridge.answer();
    await placed.waitFor('heard', 3_000);
    await bridge.terminate(placed.callId);
    await placed.waitFor('closed', 5_000);
    expect(placed.endedBy).toBe('business');
    expect(bridge.webhooks.events).toEqual(['connect', 'terminate']);
  });

  it('refuses audio that cannot be read, and places no call', async () => {
    const { whatsapp } = await call({ echo: true });
    await expect(whatsapp.call({ audio: '/nowhere/to/be/found.wav' })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(whatsapp.call({ audio: new Int16Array(0) })).rejects.toThrow('The audio is empty.');
    expect(whatsapp.liveCalls).toBe(1);
  });
});

describe('the simulated phone that is called', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  const QUIET: PhoneOptions = {
    host: '127.0.0.1',
    profile: NETWORK_PROFILES.clean,
    seed: 1,
    mediaOnly: false,
    deaf: false,
    cuts: [],
    speech: null,
    loop: false,
    firstMediaTimeoutMs: 20_000,
    mediaGapTimeoutMs: 30_000,
  };

  /** What a handset told its call, in order. */
  class Told implements HandsetListener {
    readonly types: string[] = [];
    onConnected = (): void => void this.types.push('connected');
    onHeard = (): void => void this.types.push('heard');
    onSpoken = (): void => void this.types.push('spoken');
    onHangUp = (): void => void this.types.push('hang_up');
    onDropped = (): void => void this.types.push('dropped');
    onNote = (type: string): void => void this.types.push(type);

    async until(type: string): Promise<void> {
      await vi.waitUntil(() => this.types.includes(type), { timeout: 5_000, interval: 5 });
    }
  }

  interface Rung {
    readonly business: Leg;
    readonly log: LegLog;
    readonly phone: SimulatedPhone;
    readonly handset: RungHandset;
    readonly told: Told;
  }

  /** The business offers, sends back what it hears, and has the answer of a phone that rings. */
  async function ring(options: Partial<PhoneOptions> & { audio?: Int16Array } = {}): Promise<Rung> {
    const { audio, ...changes } = options;
    const log = new LegLog();
    const echo = log.onAudio.bind(log);
    log.onAudio = (payload, sequence, timestamp) => {
      echo(payload, sequence, timestamp);
      business.sendAudio(Uint8Array.from(payload), false);
    };
    const business = await openOfferingLeg(loopback(), log);
    const told = new Told();
    const speech = audio === undefined ? null : await loadSpeech(audio);
    const phone = new SimulatedPhone({ ...QUIET, speech, ...changes });
    const handset = await phone.openAnswering(business.localSdp, told);
    opened.push(business, handset);
    return { business, log, phone, handset, told };
  }

  /** Up to the moment before somebody takes the call. */
  async function connect(rung: Rung): Promise<Rung> {
    await rung.business.applyAnswer(rung.handset.answer);
    await Promise.all([rung.log.until(({ connected }) => connected > 0), rung.told.until('connected')]);
    return rung;
  }

  it('answers as Meta does, at the address of its relay', async () => {
    const { handset, business } = await ring();
    expect(handset.answer).toContain('a=ice-lite\r\n');
    expect(handset.answer).toContain('a=setup:active\r\n');
    expect(handset.answer.match(/a=candidate:/g)).toHaveLength(1);
    const port = /^m=audio (\d+) /m.exec(handset.answer)?.[1];
    expect(handset.answer).toMatch(new RegExp(`a=candidate:\\S+ 1 udp \\d+ 127\\.0\\.0\\.1 ${port} typ host`));
    expect(handset.answer).toContain(/a=mid:\S+\r\n/.exec(business.localSdp)?.[0]);
  });

  it.each(['active', 'passive', 'actpass'] as const)(
    'is silent while it rings, then speaks and hears its echo (setup:%s)',
    async (setup) => {
      const { business, log, phone, handset, told } = await connect(await ring({ audio: babble(1_500), setup }));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(log.activity).toBe(0);
      handset.pickedUp();
      business.ungate();
      await told.until('spoken');
      await new Promise((resolve) => setTimeout(resolve, 200));
      await handset.close();
      const report = await phone.report();
      const echo = measureEcho(report);
      expect(echo?.waveform).toBeGreaterThan(0.8);
      expect(echo?.delayMs).toBeLessThan(40);
      expect(report).toMatchObject({ mediaBeforeAccept: 0, lossRatio: 0 });
      expect(report.firstMediaMs).toBeLessThan(200);
      expect(told.types).toEqual(['connected', 'heard', 'spoken']);
    },
  );

  it('counts media that comes before it is picked up', async () => {
    const { business, phone, told } = await connect(await ring());
    business.ungate();
    for (let n = 0; n < 5; n += 1) business.sendAudio(OPUS_SILENCE, false);
    await told.until('heard');
    await vi.waitUntil(async () => (await phone.report()).packetsReceived === 5, { interval: 20 });
    expect(await phone.report()).toMatchObject({ mediaBeforeAccept: 5, firstMediaMs: null });
  });

  it('is connected late when it is picked up before the answer is there, and speaks then', async () => {
    const rung = await ring({ audio: babble(300) });
    rung.handset.pickedUp();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await connect(rung);
    rung.business.ungate();
    await rung.told.until('heard');
    await rung.told.until('spoken');
  });

  it('drops the call when it hears nothing after the pick-up, however long it rang', async () => {
    const { handset, told } = await connect(await ring({ firstMediaTimeoutMs: 300 }));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(told.types).not.toContain('dropped');
    handset.pickedUp();
    await told.until('dropped');
  });

  it('never connects when it is deaf', async () => {
    const { business, handset, log, told } = await ring({ deaf: true, profile: null });
    await business.applyAnswer(handset.answer);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect([...log.failures, ...told.types]).toEqual([]);
    expect(business.connected).toBe(false);
  });

  it('refuses an offer that no phone can use, and holds nothing', async () => {
    const before = openThings().udpSockets;
    const phone = new SimulatedPhone(QUIET);
    await expect(phone.openAnswering('no offer at all', new Told())).rejects.toMatchObject({ code: 'bad_offer' });
    await phone.close();
    expect(openThings().udpSockets).toBe(before);
  });

  it('may be closed while it rings, more than once', async () => {
    const { handset } = await connect(await ring());
    await Promise.all([handset.close(), handset.close()]);
    handset.pickedUp();
  });
});
