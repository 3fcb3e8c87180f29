import { execFile } from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Message } from 'werift';
import { type Leg, openAnsweringLeg, openOfferingLeg } from '../../../src/webrtc/index.ts';
import { connectLegs, type LegEnd, LegLog, loopback, openLegPair, opusPacket } from '../../support/leg-pair.ts';
import { offerSdp, withLine } from '../../support/offer-sdp.ts';

const open: Leg[] = [];

async function pair(options: Parameters<typeof openLegPair>[0] = {}): Promise<{ phone: LegEnd; bridge: LegEnd }> {
  const ends = await openLegPair(options);
  open.push(ends.phone.leg, ends.bridge.leg);
  return ends;
}

async function connectedPair(
  options: Parameters<typeof openLegPair>[0] = {},
): Promise<{ phone: LegEnd; bridge: LegEnd }> {
  const ends = await pair(options);
  await connectLegs(ends);
  return ends;
}

/** Waits until this process has so many UDP sockets; a handle is counted until the loop has come round. */
async function udpSockets(count: number): Promise<void> {
  const opened = () => process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;
  await vi.waitUntil(() => opened() === count, { timeout: 1_000, interval: 5 });
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((leg) => leg.close()));
  vi.restoreAllMocks();
});

describe('a leg', () => {
  test.each(['meta', 'business'] as const)('carries sound both ways once it is ungated, to a %s peer', async (role) => {
    const { phone, bridge } = await connectedPair({ role });
    for (const { leg } of [phone, bridge]) leg.ungate();
    for (let n = 0; n < 50; n++) {
      phone.leg.sendAudio(opusPacket(n), n === 0);
      bridge.leg.sendAudio(opusPacket(1_000 + n), n === 0);
    }
    await Promise.all([phone, bridge].map(({ log }) => log.until(({ audio }) => audio.length === 50)));
    expect(bridge.log.audio.map(({ payload }) => payload)).toEqual(Array.from({ length: 50 }, (_, n) => opusPacket(n)));
    expect(phone.log.audio.at(-1)?.payload).toEqual(opusPacket(1_049));
  });

  test('numbers its packets without a gap, 20 ms apart, from random starts', async () => {
    const { phone, bridge } = await connectedPair();
    bridge.leg.ungate();
    for (let n = 0; n < 10; n++) bridge.leg.sendAudio(opusPacket(n), false);
    await phone.log.until(({ audio }) => audio.length === 10);
    const [first] = phone.log.audio;
    expect(phone.log.audio.map(({ sequence }) => sequence - (first?.sequence ?? 0))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(phone.log.audio.map(({ timestamp }) => (timestamp - (first?.timestamp ?? 0)) / 960)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  test('sends nothing while the gate is closed, and counts it', async () => {
    const { phone, bridge } = await connectedPair();
    for (let n = 0; n < 5; n++) bridge.leg.sendAudio(opusPacket(n), false);
    await delay(50);
    expect(phone.log.activity).toBe(0);
    expect(bridge.leg.stats()).toMatchObject({ packetsSent: 0, packetsWithheld: 5 });
    bridge.leg.ungate();
    bridge.leg.sendAudio(opusPacket(5), true);
    await phone.log.until(({ audio }) => audio.length === 1);
    expect(phone.log.audio[0]?.payload).toEqual(opusPacket(5));
  });

  test('sends no RTCP either while the gate is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { phone, bridge } = await connectedPair();
      await vi.advanceTimersByTimeAsync(10_000);
      await delay(20);
      expect(phone.log.activity).toBe(0);
      bridge.leg.ungate();
      await vi.advanceTimersByTimeAsync(2_000);
      await phone.log.until(({ activity }) => activity > 0);
      expect(phone.log.audio).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('reports each key once, both ways', async () => {
    const { phone, bridge } = await connectedPair();
    for (const { leg } of [phone, bridge]) leg.ungate();
    phone.leg.sendDtmf('4 2#');
    bridge.leg.sendDtmf('*0');
    for (let n = 0; n < 40; n++) {
      phone.leg.sendAudio(opusPacket(n), false);
      bridge.leg.sendAudio(opusPacket(n), false);
    }
    await bridge.log.until(({ digits }) => digits.length === 3);
    await phone.log.until(({ digits }) => digits.length === 2);
    expect(bridge.log.digits).toEqual(['4', '2', '#']);
    expect(phone.log.digits).toEqual(['*', '0']);
    expect(bridge.leg.stats().dtmfReceived).toBe(3);
  });

  test('tells the other side BYE when it closes, if anything was sent', async () => {
    const { phone, bridge } = await connectedPair();
    phone.leg.ungate();
    phone.leg.sendAudio(opusPacket(0), true);
    await phone.leg.close();
    await bridge.log.until(({ byes }) => byes === 1);
    await bridge.leg.close();
    expect(phone.log.byes).toBe(0);
  });

  test('measures round trip, loss and volume with RTCP', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { phone, bridge } = await connectedPair();
      for (const { leg } of [phone, bridge]) leg.ungate();
      for (let n = 0; n < 20; n++) {
        phone.leg.sendAudio(opusPacket(n), false);
        bridge.leg.sendAudio(opusPacket(n), false);
      }
      // Each side's second report answers a report of the other.
      for (let second = 0; second < 8 && bridge.leg.stats().rttMs === null; second++) {
        await vi.advanceTimersByTimeAsync(1_000);
        await delay(20);
      }
      const stats = bridge.leg.stats();
      expect(stats).toMatchObject({
        packetsReceived: 20,
        packetsSent: 20,
        packetsLost: 0,
        packetsDuplicate: 0,
        bytesReceived: 160,
        bytesSent: 160,
        remoteLossRatio: 0,
        srtpRefused: 0,
      });
      expect(stats.rttMs).toBeLessThan(500);
      expect(stats.mediaSetupMs).toBeLessThan(5_000);
    } finally {
      vi.useRealTimers();
    }
  });

  test('takes no packet that was not protected with the keys of the call', async () => {
    const { phone, bridge } = await connectedPair();
    const port = Number(/m=audio (\d+)/.exec(bridge.leg.localSdp)?.[1]);
    const stranger = dgram.createSocket('udp4');
    const forged = Buffer.alloc(60, 1);
    forged[0] = 0x80;
    forged[1] = 111;
    stranger.send(forged, port, '127.0.0.1');
    await vi.waitUntil(() => bridge.leg.stats().srtpRefused === 1, { timeout: 2_000, interval: 5 });
    stranger.close();
    expect(bridge.log.activity + bridge.log.audio.length).toBe(0);
    expect(phone.log.failures).toEqual([]);
  });

  test('lives on after datagrams of any kind from anybody', async () => {
    const { phone, bridge } = await connectedPair();
    const ports = [phone, bridge].map(({ leg }) => Number(/m=audio (\d+)/.exec(leg.localSdp)?.[1]));
    const stranger = dgram.createSocket('udp4');
    const noise = fc.sample(
      fc.tuple(fc.constantFrom(0, 1, 20, 22, 63, 64, 128, 144, 191, 200, 255), fc.uint8Array({ maxLength: 120 })),
      { numRuns: 300, seed: 7 },
    );
    for (const [n, [first, rest]] of noise.entries()) {
      // The sockets' own buffers are not the subject.
      if (n % 20 === 0) await delay(2);
      for (const port of ports) stranger.send(Buffer.from([first, ...rest]), port, '127.0.0.1');
    }
    stranger.send(Buffer.alloc(0), ports[0]);
    await delay(20);
    stranger.close();
    expect(bridge.leg.stats().srtpRefused).toBeGreaterThan(10);
    phone.leg.ungate();
    phone.leg.sendAudio(opusPacket(1), true);
    await bridge.log.until(({ audio }) => audio.length === 1);
    expect([...phone.log.failures, ...bridge.log.failures]).toEqual([]);
  });

  test('keeps a hello that comes before the answer, so that nobody has to repeat it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const send = vi.spyOn(dgram.Socket.prototype, 'send');
      const hellos = () =>
        send.mock.calls.filter(([datagram]) => Buffer.isBuffer(datagram) && datagram[0] === 22 && datagram[13] === 1);
      const ends = await pair();
      while (hellos().length === 0) await delay(5);
      await connectLegs(ends);
      // One without and one with the server's cookie.
      expect(hellos()).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test('keeps its SDP, and takes the same answer twice', async () => {
    const { phone, bridge } = await connectedPair();
    const before = phone.leg.localSdp;
    await phone.leg.applyAnswer(bridge.leg.localSdp);
    expect(phone.leg.localSdp).toBe(before);
    expect([phone.log.connected, bridge.log.connected]).toEqual([1, 1]);
  });

  test('leaves no socket behind within a second of closing, however often it is closed', async () => {
    await udpSockets(0);
    const { phone, bridge } = await connectedPair();
    await udpSockets(2);
    await Promise.all([phone.leg.close(), phone.leg.close(), bridge.leg.close()]);
    await udpSockets(0);
    expect(bridge.leg.connected).toBe(false);
  });

  test('lets its process end when it is closed while ICE looks for a way', async () => {
    const began = performance.now();
    await promisify(execFile)(process.execPath, ['test/support/early-close.ts'], { timeout: 12_000 });
    // The search itself would go on for 15 s.
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('leaves no socket behind when it is closed before it connects, and says nothing more', async () => {
    await udpSockets(0);
    const { phone, bridge } = await pair();
    await udpSockets(2);
    await Promise.all([phone.leg.close(), bridge.leg.close()]);
    await udpSockets(0);
    expect(bridge.log.failures).toEqual([]);
  });
});

describe('a leg whose other side went away', () => {
  test('fails as media_lost when ICE consent was not renewed for 30 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { phone, bridge } = await connectedPair();
      await phone.leg.close();
      await vi.advanceTimersByTimeAsync(29_000);
      expect(bridge.log.failures).toEqual([]);
      await vi.advanceTimersByTimeAsync(2_000);
      expect(bridge.log.failures).toMatchObject([{ code: 'media_lost' }]);
      expect(bridge.leg.connected).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('an ICE request', () => {
  async function answersTo(change: (request: Message, password: Buffer) => Message): Promise<boolean> {
    const leg = await openOfferingLeg(loopback(), new LegLog(), { role: 'meta' });
    open.push(leg);
    const of = (pattern: RegExp) => pattern.exec(leg.localSdp)?.[1] ?? '';
    const request = new Message(1, 0)
      .setAttribute('USERNAME', `${of(/ice-ufrag:(\S+)/)}:them`)
      .setAttribute('PRIORITY', 1)
      .setAttribute('ICE-CONTROLLING', 1n)
      .setAttribute('USE-CANDIDATE', null) as Message;
    const stranger = dgram.createSocket('udp4');
    stranger.send(change(request, Buffer.from(of(/ice-pwd:(\S+)/))).bytes, Number(of(/m=audio (\d+)/)), '127.0.0.1');
    const answered = await once(stranger, 'message', { signal: AbortSignal.timeout(150) }).then(
      () => true,
      () => false,
    );
    stranger.close();
    return answered;
  }

  test('with the password is answered', async () => {
    expect(await answersTo((request, password) => request.addMessageIntegrity(password).addFingerprint())).toBe(true);
  });

  test('without MESSAGE-INTEGRITY gets no answer', async () => {
    expect(await answersTo((request) => request.addFingerprint())).toBe(false);
  });

  test('with another password gets no answer', async () => {
    expect(await answersTo((request) => request.addMessageIntegrity(Buffer.from('guessed')))).toBe(false);
  });
});

describe('a leg that cannot be connected', () => {
  test('fails as ice_failed when nobody answers', async () => {
    const silent = dgram.createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const offer = offerSdp((line) => {
      if (line.startsWith('a=candidate:2514157000')) return null;
      return line.replace('192.0.2.1 3484', `127.0.0.1 ${silent.address().port}`);
    });
    const log = new LegLog();
    const leg = await openAnsweringLeg(offer, loopback(), log, { iceTimeoutMs: 200 });
    open.push(leg);
    await log.until(({ failures }) => failures.length > 0);
    silent.close();
    expect(log.failures).toMatchObject([{ code: 'ice_failed' }]);
  });

  test('fails as dtls_key_refused when the fingerprint is not that of the peer', async () => {
    const phone = new LegLog();
    const offering = await openOfferingLeg(loopback(), phone, { role: 'meta', dtlsTimeoutMs: 1_000 });
    const other = offerSdp().match(/a=fingerprint:.*/)?.[0] ?? '';
    const offer = offering.localSdp.replace(/a=fingerprint:.*/, other);
    const log = new LegLog();
    const answering = await openAnsweringLeg(offer, loopback(), log);
    open.push(offering, answering);
    await offering.applyAnswer(answering.localSdp);
    await log.until(({ failures }) => failures.length > 0);
    expect(log.failures).toMatchObject([{ code: 'dtls_key_refused' }]);
    expect(log.connected).toBe(0);
  });

  test.each([
    ['an offer without Opus', withLine('a=rtpmap:111', null), 'opus/48000/2'],
    [
      'an ICE-lite offer without an address',
      offerSdp((line) => (line.includes('candidate') ? null : line)),
      'a=candidate',
    ],
    ['an ICE-lite offer with IPv6 only where that is off', withLine('a=candidate:1972042870', null), 'IPv4'],
  ])('is refused at once for %s', async (_what, offer, reason) => {
    const refused = openAnsweringLeg(offer, loopback(), new LegLog());
    await expect(refused).rejects.toMatchObject({ code: 'bad_offer', message: expect.stringContaining(reason) });
  });

  test('refuses a broken answer and can take a good one afterwards', async () => {
    const { phone, bridge } = await pair();
    await expect(phone.leg.applyAnswer('v=0\r\n')).rejects.toMatchObject({ code: 'bad_offer' });
    await connectLegs({ phone, bridge });
  });
});

describe('the network settings', () => {
  test('keep the ports in their range and say no_port when it is exhausted', async () => {
    const probe = dgram.createSocket('udp4');
    probe.bind(0, '127.0.0.1');
    await once(probe, 'listening');
    const low = probe.address().port;
    const network = loopback({ portRange: [low, low + 1] });
    const first = await openOfferingLeg(network, new LegLog());
    open.push(first);
    expect(first.localSdp).toContain(`m=audio ${low + 1} `);
    await expect(openOfferingLeg(network, new LegLog())).rejects.toMatchObject({ code: 'no_port' });
    probe.close();
  });

  test('open many legs at once in one range without a collision', async () => {
    const network = loopback({ portRange: [42_000, 42_200] });
    const legs = await Promise.all(Array.from({ length: 40 }, () => openOfferingLeg(network, new LegLog())));
    open.push(...legs);
    const ports = legs.map(({ localSdp }) => Number(/m=audio (\d+)/.exec(localSdp)?.[1]));
    expect(new Set(ports).size).toBe(40);
    expect(ports.every((port) => port >= 42_000 && port <= 42_200)).toBe(true);
  });

  test('say no_port for an address that this machine does not have', async () => {
    const network = loopback({ bindAddresses: ['192.0.2.55'] });
    await expect(openOfferingLeg(network, new LegLog())).rejects.toMatchObject({ code: 'no_port' });
  });

  test('announce the public address in place of the local one', async () => {
    const leg = await openOfferingLeg(loopback({ announcedIp: '203.0.113.9' }), new LegLog());
    open.push(leg);
    expect(leg.localSdp).toContain('c=IN IP4 203.0.113.9');
    expect(leg.localSdp).not.toContain('127.0.0.1 ');
  });

  test('use IPv6 when it is on', async () => {
    const network = loopback({ bindAddresses: ['127.0.0.1', '::1'], ipv6: true });
    const leg = await openOfferingLeg(network, new LegLog(), { role: 'meta' });
    open.push(leg);
    expect(leg.localSdp.match(/a=candidate:\S+ 1 udp (\d+) (\S+)/g)).toHaveLength(2);
    expect(leg.localSdp).toContain('2122262783 ::1 ');
  });

  test('are all that is ever asked or sent to: no STUN server of its own choice', async () => {
    const lookups = [vi.spyOn(dns, 'lookup'), vi.spyOn(dns.promises, 'lookup')];
    const send = vi.spyOn(dgram.Socket.prototype, 'send');
    await connectedPair();
    const targets = new Set(send.mock.calls.map((call) => call.find((argument) => typeof argument === 'string')));
    expect([...targets]).toEqual(['127.0.0.1']);
    for (const lookup of lookups) expect(lookup).not.toHaveBeenCalled();
  });

  test.each([
    ['by address', '127.0.0.1'],
    ['by name', 'localhost'],
  ])('with a STUN server given %s lead to it, and to a candidate with what it saw', async (_how, host) => {
    const server = dgram.createSocket('udp4');
    server.on('message', (request, from) => {
      const response = Buffer.alloc(32);
      request.copy(response, 0, 0, 20);
      response.writeUInt16BE(0x0101, 0);
      response.writeUInt16BE(12, 2);
      Buffer.from([0, 0x20, 0, 8, 0, 1]).copy(response, 20);
      response.writeUInt16BE(4_242 ^ 0x2112, 26);
      response.writeUInt32BE((0xcb_00_71_07 ^ 0x21_12_a4_42) >>> 0, 28);
      server.send(response, from.port, from.address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const iceServers = [{ urls: `stun:${host}:${server.address().port}` }];
    const leg = await openOfferingLeg(loopback({ iceServers }), new LegLog());
    open.push(leg);
    server.close();
    expect(leg.localSdp).toMatch(/1 udp \d+ 203\.0\.113\.7 4242 typ srflx raddr 127\.0\.0\.1 rport \d+/);
  });
});

describe('the ICE credentials', () => {
  test('have at least 24 and 128 bits and are new for each leg', async () => {
    const legs = await Promise.all([1, 2].map(() => openOfferingLeg(loopback(), new LegLog())));
    open.push(...legs);
    const of = (leg: Leg | undefined, name: string) =>
      new RegExp(`a=${name}:(\\S+)`).exec(leg?.localSdp ?? '')?.[1] ?? '';
    for (const leg of legs) {
      // Six bits per character of the ICE alphabet.
      expect(of(leg, 'ice-ufrag').length * 6).toBeGreaterThanOrEqual(24);
      expect(of(leg, 'ice-pwd').length * 6).toBeGreaterThanOrEqual(128);
    }
    expect(of(legs[0], 'ice-pwd')).not.toBe(of(legs[1], 'ice-pwd'));
  });
});
