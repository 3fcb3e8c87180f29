import {
  type DtlsSetup,
  type Leg,
  type LegListener,
  type LegNetwork,
  type LegTimeouts,
  openAnsweringLeg,
  openOfferingLeg,
} from '../../src/webrtc/index.ts';

/** What a leg told, in order, and a way to wait for it. */
export class LegLog implements LegListener {
  readonly audio: { payload: Buffer; sequence: number; timestamp: number }[] = [];
  readonly digits: string[] = [];
  readonly failures: { code: string; detail: string }[] = [];
  connected = 0;
  byes = 0;
  activity = 0;
  readonly #waiting: (() => void)[] = [];

  onConnected(): void {
    this.connected += 1;
    this.#told();
  }

  onFailed(code: string, detail: string): void {
    this.failures.push({ code, detail });
    this.#told();
  }

  onAudio(payload: Uint8Array, sequence: number, timestamp: number): void {
    this.audio.push({ payload: Buffer.from(payload), sequence, timestamp });
    this.#told();
  }

  onDtmf(digit: string): void {
    this.digits.push(digit);
    this.#told();
  }

  onActivity(): void {
    this.activity += 1;
    this.#told();
  }

  onBye(): void {
    this.byes += 1;
    this.#told();
  }

  /** Resolves when `condition` holds; looked at again whenever the leg tells something. */
  async until(condition: (log: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #told(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

export function loopback(overrides: Partial<LegNetwork> = {}): LegNetwork {
  return {
    portRange: null,
    announcedIp: null,
    bindAddresses: ['127.0.0.1'],
    ipv6: false,
    iceServers: [],
    ...overrides,
  };
}

export interface LegEnd {
  readonly leg: Leg;
  readonly log: LegLog;
}

/** A phone behind Meta's edge and our leg that answers it, over UDP on the loopback interface. Not yet connected. */
export async function openLegPair(
  options: { network?: Partial<LegNetwork>; role?: 'business' | 'meta'; timeouts?: LegTimeouts } = {},
): Promise<{ phone: LegEnd; bridge: LegEnd }> {
  const phone = new LegLog();
  const bridge = new LegLog();
  const { role = 'meta', timeouts = {} } = options;
  const offering = await openOfferingLeg(loopback(), phone, { role, ...timeouts });
  const answering = await openAnsweringLeg(offering.localSdp, loopback(options.network), bridge, timeouts);
  return { phone: { leg: offering, log: phone }, bridge: { leg: answering, log: bridge } };
}

/** Exchanges the answer and waits until ICE and DTLS are up on both sides. */
export async function connectLegs({ phone, bridge }: { phone: LegEnd; bridge: LegEnd }): Promise<void> {
  await phone.leg.applyAnswer(bridge.leg.localSdp);
  await bothConnected([phone, bridge]);
}

/** Our leg of a call that we place, and the phone behind Meta's edge that answers it. `answer` is not applied yet. */
export async function openDialPair(
  options: { network?: Partial<LegNetwork>; setup?: DtlsSetup; timeouts?: LegTimeouts } = {},
): Promise<{ phone: LegEnd; bridge: LegEnd; answer: string }> {
  const phone = new LegLog();
  const bridge = new LegLog();
  const { setup = 'active', timeouts = {} } = options;
  const offering = await openOfferingLeg(loopback(options.network), bridge, timeouts);
  const answering = await openAnsweringLeg(offering.localSdp, loopback(), phone, {
    role: 'meta',
    setup,
    iceTimeoutMs: 120_000,
    dtlsTimeoutMs: 120_000,
  });
  return {
    phone: { leg: answering, log: phone },
    bridge: { leg: offering, log: bridge },
    answer: answering.localSdp,
  };
}

/** Resolves when ICE and DTLS are up at every end. */
export async function bothConnected(ends: readonly LegEnd[]): Promise<void> {
  await Promise.all(ends.map(({ log }) => log.until(({ connected }) => connected > 0)));
}

/** An Opus packet in name only: the packet path does not look inside. */
export function opusPacket(n: number): Buffer {
  return Buffer.from([0x48, n >> 8, n & 0xff, 1, 2, 3, 4, 5]);
}
