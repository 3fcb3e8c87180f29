import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { DeliveryQueue } from '../../../src/simulator/network/delivery-queue.ts';
import { Impairment } from '../../../src/simulator/network/impairment.ts';
import {
  NETWORK_PROFILE_NAMES,
  NETWORK_PROFILES,
  type NetworkProfile,
} from '../../../src/simulator/network/profiles.ts';
import { seededRandom } from '../../../src/simulator/network/random.ts';
import { candidateOf, redirectSdp } from '../../../src/simulator/network/redirect.ts';
import { openRelay, type Relay, type RelayOptions } from '../../../src/simulator/network/relay.ts';

const PACKETS = 20_000;

/** Sends a packet every 20 ms through a network; what became of each. */
function run(profile: NetworkProfile, seed: number, packets = PACKETS): { sent: number; due: number[] }[] {
  const impairment = new Impairment(profile, seededRandom(seed, 'test'));
  return Array.from({ length: packets }, (_, n) => ({ sent: n * 20, due: [...impairment.next(n * 20)] }));
}

describe('an impaired network', () => {
  it('does the same to every packet for the same seed, and something else for another', () => {
    const profile = NETWORK_PROFILES.international;
    expect(run(profile, 7, 2_000)).toEqual(run(profile, 7, 2_000));
    expect(run(profile, 8, 2_000)).not.toEqual(run(profile, 7, 2_000));
  });

  it.each(NETWORK_PROFILE_NAMES)('loses and delays as the profile %s says', (name) => {
    const profile: NetworkProfile = NETWORK_PROFILES[name];
    const packets = run(profile, 1);
    const arrived = packets.filter(({ due }) => due.length > 0);
    const delays = arrived.map(({ sent, due }) => (due[0] ?? 0) - sent).sort((a, b) => a - b);
    expect(1 - arrived.length / PACKETS).toBeGreaterThanOrEqual(profile.lossRatio * 0.75);
    expect(1 - arrived.length / PACKETS).toBeLessThanOrEqual(profile.lossRatio * 1.25);
    const median = delays[delays.length >> 1] ?? 0;
    // Packets keep their order, so wide jitter holds some back.
    expect(median).toBeGreaterThanOrEqual(profile.delayMs - 1);
    expect(median).toBeLessThanOrEqual(profile.delayMs + profile.jitterMs / 2);
    expect(delays[0]).toBeGreaterThanOrEqual(profile.delayMs - profile.jitterMs);
    const duplicates = packets.filter(({ due }) => due.length === 2).length;
    expect(duplicates / PACKETS).toBeCloseTo(profile.duplicateRatio, 2);
  });

  it('loses in bursts of the mean length of the profile', () => {
    const bursts = run(NETWORK_PROFILES.bursty, 3)
      .map(({ due }) => (due.length === 0 ? 'x' : '.'))
      .join('')
      .match(/x+/g);
    const mean = (bursts ?? []).join('').length / (bursts ?? []).length;
    expect(mean).toBeGreaterThan(3.2);
    expect(mean).toBeLessThan(4.8);
  });

  it('stalls every few seconds on spiky, and lets what it held arrive together', () => {
    const arrived = run(NETWORK_PROFILES.spiky, 5, 5_000).filter(({ due }) => due.length > 0);
    const stalled = arrived.filter(({ sent, due }) => (due[0] ?? 0) - sent > 225);
    expect(stalled.length).toBeGreaterThanOrEqual(5_000 / 250 - 1);
    expect(stalled.length).toBeLessThanOrEqual(5_000 / 150);
    const [first] = stalled;
    expect(arrived.filter(({ due }) => due[0] === first?.due[0]).length).toBeGreaterThanOrEqual(8);
  });

  it('keeps packets in order unless the profile says that some are overtaken', () => {
    const overtaken = (profile: NetworkProfile): number => {
      const due = run(profile, 2).flatMap((packet) => packet.due.slice(0, 1));
      return due.filter((at, n) => at > (due[n + 1] ?? Number.POSITIVE_INFINITY)).length;
    };
    expect(overtaken({ ...NETWORK_PROFILES.moderate, jitterMs: 30 })).toBe(0);
    expect(overtaken(NETWORK_PROFILES.international) / PACKETS).toBeGreaterThan(0.002);
  });
});

describe('the delivery queue', () => {
  it('runs by due time, then by arrival, and at once what is due already', async () => {
    const queue = new DeliveryQueue();
    const ran: string[] = [];
    const start = performance.now();
    queue.add(start, () => ran.push('now'));
    expect(ran).toEqual(['now']);
    await new Promise<void>((resolve) => {
      queue.add(start + 30, () => ran.push('third'));
      queue.add(start + 30, resolve);
      queue.add(start + 10, () => ran.push('first'));
      queue.add(start + 20, () => ran.push('second'));
    });
    expect(ran).toEqual(['now', 'first', 'second', 'third']);
    expect(performance.now() - start).toBeGreaterThanOrEqual(30);
  });

  it('drops what waits when it is closed', () => {
    const queue = new DeliveryQueue();
    let ran = 0;
    queue.add(performance.now() + 60_000, () => (ran += 1));
    queue.close();
    queue.add(0, () => (ran += 1));
    expect(ran).toBe(0);
  });
});

describe('the relay', () => {
  const opened: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });

  async function socket(): Promise<Socket> {
    const made = createSocket('udp4').bind(0, '127.0.0.1');
    await once(made, 'listening');
    opened.push(() => made.close());
    return made;
  }

  async function relayTo(phone: Socket, changes: Partial<RelayOptions> = {}): Promise<Relay> {
    const relay = await openRelay({
      phone: { host: '127.0.0.1', port: phone.address().port },
      profile: NETWORK_PROFILES.clean,
      seed: 1,
      mediaOnly: false,
      host: '127.0.0.1',
      ...changes,
    });
    opened.push(() => relay.close());
    return relay;
  }

  function rtp(sequence: number): Buffer {
    const packet = Buffer.alloc(20);
    packet[0] = 0x80;
    packet[1] = 111;
    packet.writeUInt16BE(sequence, 2);
    return packet;
  }

  /** Sequence numbers that arrive until a packet that is not RTP comes. */
  function collect(at: Socket): Promise<number[]> {
    const sequences: number[] = [];
    return new Promise((resolve) => {
      at.on('message', (packet) => {
        if (packet[0] === 0) resolve(sequences);
        else sequences.push(packet.readUInt16BE(2));
      });
    });
  }

  it('carries packets both ways and answers to the address that asked', async () => {
    const phone = await socket();
    const relay = await relayTo(phone);
    phone.on('message', (packet, from) =>
      phone.send(Buffer.concat([packet, Buffer.from('!')]), from.port, from.address),
    );
    for (const name of ['one', 'two']) {
      const bridge = await socket();
      bridge.send(name, relay.port, relay.host);
      const [answer] = (await once(bridge, 'message')) as [Buffer];
      expect(answer.toString()).toBe(`${name}!`);
    }
    expect(relay.toPhone).toEqual({ received: 2, delivered: 2, lost: 0 });
    expect(relay.toBridge).toEqual({ received: 2, delivered: 2, lost: 0 });
  });

  it('loses the same RTP packets for the same seed, and no control packet with mediaOnly', async () => {
    const lossy = { ...NETWORK_PROFILES.clean, lossRatio: 0.3 };
    const arrivals: number[][] = [];
    for (const seed of [4, 4, 5]) {
      const phone = await socket();
      const bridge = await socket();
      const relay = await relayTo(phone, { profile: lossy, seed, mediaOnly: true });
      const arrived = collect(phone);
      for (let sequence = 0; sequence < 60; sequence += 1) bridge.send(rtp(sequence), relay.port, relay.host);
      bridge.send(Buffer.alloc(4), relay.port, relay.host);
      arrivals.push(await arrived);
    }
    expect(arrivals[0]).toEqual(arrivals[1]);
    expect(arrivals[0]).not.toEqual(arrivals[2]);
    expect(arrivals[0]?.length).toBeLessThan(60);
  });

  it('delays for as long as the profile says', async () => {
    const phone = await socket();
    const bridge = await socket();
    const relay = await relayTo(phone, { profile: { ...NETWORK_PROFILES.clean, delayMs: 50 } });
    const sent = performance.now();
    bridge.send(rtp(1), relay.port, relay.host);
    await once(phone, 'message');
    expect(performance.now() - sent).toBeGreaterThanOrEqual(50);
    expect(performance.now() - sent).toBeLessThan(90);
  });

  it('lets nothing through while it is blocked', async () => {
    const phone = await socket();
    const bridge = await socket();
    const relay = await relayTo(phone);
    const arrived = collect(phone);
    relay.setBlocked(true);
    bridge.send(rtp(1), relay.port, relay.host);
    // The relay's own socket takes packets in order: when the second has come, the first was dropped.
    await new Promise((resolve) => bridge.send(rtp(2), relay.port, relay.host, resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    relay.setBlocked(false);
    bridge.send(rtp(3), relay.port, relay.host);
    bridge.send(Buffer.alloc(4), relay.port, relay.host);
    expect(await arrived).toEqual([3]);
  });
});

describe('an SDP with another address', () => {
  const SDP = [
    'v=0',
    'm=audio 3484 UDP/TLS/RTP/SAVPF 111 126',
    'c=IN IP4 10.0.0.1',
    'a=rtcp:9 IN IP4 0.0.0.0',
    'a=candidate:1 1 udp 2122262783 2001:db8::1 3484 typ host generation 0',
    'a=candidate:2 1 udp 2122260223 10.0.0.1 3484 typ host generation 0',
    'a=setup:actpass',
    '',
  ].join('\r\n');

  it('points to the relay in candidate, c= and m= line and nowhere else', () => {
    expect(redirectSdp(SDP, { host: '127.0.0.1', port: 5000 }).split('\r\n')).toEqual([
      'v=0',
      'm=audio 5000 UDP/TLS/RTP/SAVPF 111 126',
      'c=IN IP4 127.0.0.1',
      'a=rtcp:9 IN IP4 0.0.0.0',
      'a=candidate:2 1 udp 2122260223 127.0.0.1 5000 typ host generation 0',
      'a=setup:actpass',
      '',
    ]);
  });

  it('tells where its IPv4 candidate is, and that it has none', () => {
    expect(candidateOf(SDP)).toEqual({ host: '10.0.0.1', port: 3484 });
    expect(() => candidateOf('v=0\r\n')).toThrow(RangeError);
  });
});
