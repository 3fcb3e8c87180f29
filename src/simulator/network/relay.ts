import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { DeliveryQueue } from './delivery-queue.ts';
import { Impairment } from './impairment.ts';
import type { NetworkProfile } from './profiles.ts';
import { seededRandom } from './random.ts';

export interface RelayOptions {
  /** Where the phone's own socket listens. */
  readonly phone: Endpoint;
  readonly profile: NetworkProfile;
  readonly seed: number;
  /** Impair RTP only; STUN, DTLS and RTCP pass at once. */
  readonly mediaOnly: boolean;
  /** Address to listen on and to announce. */
  readonly host: string;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Packets of one direction. `delivered` counts copies, so it can exceed `received`. */
export interface RelayCounts {
  received: number;
  delivered: number;
  lost: number;
}

export interface Relay extends Endpoint {
  readonly toPhone: Readonly<RelayCounts>;
  readonly toBridge: Readonly<RelayCounts>;
  /** While blocked, nothing passes in either direction, as on a network that drops UDP. */
  setBlocked(blocked: boolean): void;
  close(): Promise<void>;
}

/** More local addresses of a bridge than this send checks to no one's profit. */
const MAX_FLOWS = 16;

/**
 * A UDP relay in front of a phone, with the network's bad manners. It listens on one port; each address of the bridge
 * that sends to it becomes a flow with a socket of its own towards the phone, so the phone answers to the right one.
 * With the same seed, the n-th RTP packet and the n-th other packet of a direction always meet the same fate.
 */
export async function openRelay(options: RelayOptions): Promise<Relay> {
  const relay = new UdpRelay(options);
  await relay.listen();
  return relay;
}

interface Flow {
  readonly socket: Socket;
  readonly bridge: Endpoint;
}

class Lane {
  readonly counts: RelayCounts = { received: 0, delivered: 0, lost: 0 };
  readonly #media: Impairment;
  readonly #control: Impairment | null;

  constructor(options: RelayOptions, direction: string) {
    this.#media = new Impairment(options.profile, seededRandom(options.seed, `${direction} media`));
    this.#control = options.mediaOnly
      ? null
      : new Impairment(options.profile, seededRandom(options.seed, `${direction} control`));
  }

  pass(packet: Buffer, queue: DeliveryQueue, deliver: (packet: Buffer) => void): void {
    this.counts.received += 1;
    const now = performance.now();
    const impairment = isRtp(packet) ? this.#media : this.#control;
    if (impairment === null) {
      this.counts.delivered += 1;
      deliver(packet);
      return;
    }
    const due = impairment.next(now);
    if (due.length === 0) this.counts.lost += 1;
    for (const at of due) {
      queue.add(at, () => {
        this.counts.delivered += 1;
        deliver(packet);
      });
    }
  }
}

class UdpRelay implements Relay {
  readonly #options: RelayOptions;
  readonly #socket: Socket = createSocket('udp4');
  readonly #flows = new Map<string, Flow>();
  readonly #queue = new DeliveryQueue();
  readonly #up: Lane;
  readonly #down: Lane;
  #blocked = false;
  #closed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#up = new Lane(options, 'to phone');
    this.#down = new Lane(options, 'to bridge');
  }

  get host(): string {
    return this.#options.host;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get toPhone(): Readonly<RelayCounts> {
    return this.#up.counts;
  }

  get toBridge(): Readonly<RelayCounts> {
    return this.#down.counts;
  }

  async listen(): Promise<void> {
    this.#socket.bind(0, this.#options.host);
    await once(this.#socket, 'listening');
    // A send to a socket that was just closed comes back as an error; a network would have said nothing.
    this.#socket.on('error', ignore);
    this.#socket.on('message', (packet, from) => this.#fromBridge(packet, { host: from.address, port: from.port }));
  }

  setBlocked(blocked: boolean): void {
    this.#blocked = blocked;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.close();
    const sockets = [this.#socket, ...Array.from(this.#flows.values(), (flow) => flow.socket)];
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  #fromBridge(packet: Buffer, bridge: Endpoint): void {
    if (this.#blocked) return;
    const flow = this.#flowOf(bridge);
    if (flow === null) return;
    this.#up.pass(packet, this.#queue, (each) => {
      if (!this.#closed) flow.socket.send(each, this.#options.phone.port, this.#options.phone.host, ignore);
    });
  }

  #flowOf(bridge: Endpoint): Flow | null {
    const key = `${bridge.host}:${bridge.port}`;
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    if (this.#flows.size >= MAX_FLOWS) return null;
    const socket = createSocket('udp4');
    const flow: Flow = { socket, bridge };
    this.#flows.set(key, flow);
    socket.on('error', ignore);
    socket.on('message', (packet) => this.#fromPhone(packet, flow));
    socket.bind(0, this.#options.host);
    return flow;
  }

  #fromPhone(packet: Buffer, flow: Flow): void {
    if (this.#blocked) return;
    this.#down.pass(packet, this.#queue, (each) => {
      if (!this.#closed) this.#socket.send(each, flow.bridge.port, flow.bridge.host, ignore);
    });
  }
}

/** RFC 7983 and RFC 5761: first byte 128..191 is RTP or RTCP; RTCP has a packet type of 192..223 in the second. */
function isRtp(packet: Buffer): boolean {
  const first = packet[0] ?? 0;
  const second = packet[1] ?? 0;
  return first >= 128 && first <= 191 && !(second >= 192 && second <= 223);
}

function ignore(): void {}
