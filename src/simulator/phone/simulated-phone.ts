import {
  type DtlsSetup,
  type Leg,
  type LegListener,
  type LegNetwork,
  type LegStats,
  openAnsweringLeg,
  openOfferingLeg,
} from '../../webrtc/index.ts';
import type { Fault } from '../faults.ts';
import type { Handset, HandsetListener, RungHandset } from '../handset.ts';
import type { NetworkProfile } from '../network/profiles.ts';
import { NETWORK_PROFILES } from '../network/profiles.ts';
import { candidateOf, redirectSdp } from '../network/redirect.ts';
import { openRelay, type Relay } from '../network/relay.ts';
import { Ear } from './ear.ts';
import { openEarDecoder } from './ear-decoder.ts';
import { assertKeys } from './keys.ts';
import { Mouth } from './mouth.ts';
import { phoneClock } from './phone-clock.ts';
import type { PhoneReport } from './report.ts';
import type { Speech } from './speech.ts';

export interface PhoneOptions {
  /** Local address of the phone and of its relay. */
  readonly host: string;
  /** null: a direct path, unless a fault needs a relay. */
  readonly profile: NetworkProfile | null;
  readonly seed: number;
  readonly mediaOnly: boolean;
  /** Nothing ever arrives, so ICE never connects. */
  readonly deaf: boolean;
  readonly cuts: readonly Extract<Fault, { type: 'network.cut' }>[];
  readonly speech: Speech | null;
  readonly loop: boolean;
  readonly firstMediaTimeoutMs: number;
  readonly mediaGapTimeoutMs: number;
  /** DTLS role that the answer of a phone that is called names; `active` if left out. Meta's differ (meta-calling.md §4.2). */
  readonly setup?: DtlsSetup;
}

/** Long enough for the jitter of a good network; the report counts what it would have cut off. */
const PLAYOUT_MS = 60;

/** Meta's edge waits as long as the call rings; who gives up is decided elsewhere. */
const PATIENCE = { iceTimeoutMs: 120_000, dtlsTimeoutMs: 120_000 } as const;

/**
 * A phone with WhatsApp's edge in front of it: ICE-lite, Meta's production offer or answer. It calls (`open`) or is called
 * (`openAnswering`), once. It speaks once the call is picked up, one packet every 20 ms and silence after that, keeps what it
 * hears, and drops a call without media (meta-calling.md §4, §5).
 */
export class SimulatedPhone implements Handset {
  readonly #options: PhoneOptions;
  readonly #ear = new Ear(PLAYOUT_MS);
  readonly #mouth: Mouth;
  #listener: HandsetListener | null = null;
  #leg: Leg | null = null;
  #relay: Relay | null = null;
  #offer = '';
  #stopTicking: (() => void) | null = null;
  /** When the call was picked up, by either side. */
  #acceptedAt: number | null = null;
  #spokenAt: number | null = null;
  #lastActivity = 0;
  #packetsSent = 0;
  #mediaBeforeAccept = 0;
  #dtmfHeard = '';
  #byeReceived = false;
  #cutBySchedule = false;
  #stats: LegStats | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: PhoneOptions) {
    this.#options = options;
    this.#mouth = new Mouth(options.speech, options.loop);
  }

  get offer(): string {
    return this.#offer;
  }

  /** Opens leg and relay; the phone is its own handset. Rejects if no socket can be had. */
  async open(listener: HandsetListener): Promise<this> {
    this.#offer = await this.#reach(listener, (network, legListener) =>
      openOfferingLeg(network, legListener, { role: 'meta', ...PATIENCE }),
    );
    return this;
  }

  /**
   * The business calls: opens leg and relay, and ICE and DTLS run while the phone rings. Rejects with a LegError if the offer
   * cannot be used, and if no socket can be had.
   */
  async openAnswering(offer: string, listener: HandsetListener): Promise<RungHandset> {
    const { setup = 'active' } = this.#options;
    const answer = await this.#reach(listener, (network, legListener) =>
      openAnsweringLeg(offer, network, legListener, { role: 'meta', setup, ...PATIENCE }),
    );
    return { answer, pickedUp: () => this.accepted(), close: () => this.close() };
  }

  async applyAnswer(sdp: string): Promise<void> {
    await this.#leg?.applyAnswer(sdp);
  }

  accepted(): void {
    if (this.#acceptedAt !== null || this.#closing !== null) return;
    this.#acceptedAt = performance.now();
    this.#lastActivity = this.#acceptedAt;
    this.#leg?.ungate();
    this.#stopTicking = phoneClock.add(this.#tick);
  }

  /** Presses keys; they go out in place of sound. Throws a RangeError on a key that no phone has. */
  press(keys: string): void {
    assertKeys(keys);
    this.#leg?.sendDtmf(keys);
  }

  setNetworkDown(down: boolean): void {
    if (this.#relay === null) throw new Error('The phone has a direct path; give it a network profile.');
    this.#relay.setBlocked(down);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async report(): Promise<PhoneReport> {
    const ear = this.#ear;
    using decoder = await openEarDecoder();
    const track = ear.decode(decoder);
    const stats = this.#stats ?? this.#leg?.stats() ?? null;
    const first = ear.firstArrivalMs;
    return {
      heard: track.samples,
      heardStartMs: unix(track.startMs),
      heardArrivalsMs: track.arrivalsMs.map((arrivalMs) => performance.timeOrigin + arrivalMs),
      playoutMs: PLAYOUT_MS,
      spoken: this.#options.speech?.samples ?? new Int16Array(0),
      spokenStartMs: unix(this.#spokenAt),
      packetsSent: this.#packetsSent,
      packetsReceived: ear.received,
      packetsLost: ear.lost,
      packetsDuplicate: ear.duplicates + (stats?.packetsDuplicate ?? 0),
      packetsLate: track.late,
      lossRatio: ear.received === 0 ? 0 : ear.lost / (ear.lost + ear.received),
      gaps: ear.gaps,
      maxGapMs: ear.maxGapMs,
      firstMediaMs: first === null || this.#acceptedAt === null ? null : first - this.#acceptedAt,
      mediaBeforeAccept: this.#mediaBeforeAccept,
      dtmfHeard: this.#dtmfHeard,
      rttMs: stats?.rttMs ?? null,
      remoteLossRatio: stats?.remoteLossRatio ?? null,
      byeReceived: this.#byeReceived,
    };
  }

  /** Opens the leg, and a relay before it where there is need of one. Returns the SDP by which the phone is reached. */
  async #reach(
    listener: HandsetListener,
    openLeg: (network: LegNetwork, listener: LegListener) => Promise<Leg>,
  ): Promise<string> {
    const { host, profile, seed, mediaOnly, deaf, cuts } = this.#options;
    this.#listener = listener;
    const network = { portRange: null, announcedIp: null, bindAddresses: [host], ipv6: false, iceServers: [] };
    const leg = await openLeg(network, this.#legListener(listener));
    this.#leg = leg;
    if (profile === null && !deaf && cuts.length === 0) return leg.localSdp;
    try {
      const phone = candidateOf(leg.localSdp);
      this.#relay = await openRelay({ phone, profile: profile ?? NETWORK_PROFILES.clean, seed, mediaOnly, host });
    } catch (error) {
      await leg.close();
      throw error;
    }
    this.#relay.setBlocked(deaf);
    return redirectSdp(leg.localSdp, this.#relay);
  }

  readonly #tick = (): void => {
    const now = performance.now();
    if (this.#leg?.connected === true) this.#speak(this.#leg, now);
    this.#followCuts(now);
    this.#watch(now);
  };

  #speak(leg: Leg, now: number): void {
    const { packet, first, last } = this.#mouth.next();
    if (first) this.#spokenAt ??= now;
    leg.sendAudio(packet, first);
    this.#packetsSent += 1;
    if (last) this.#listener?.onSpoken();
  }

  #followCuts(now: number): void {
    if (this.#options.cuts.length === 0 || this.#acceptedAt === null) return;
    const since = now - this.#acceptedAt;
    const cut = this.#options.cuts.some(
      ({ afterMs, forMs }) => since >= afterMs && (forMs === undefined || since < afterMs + forMs),
    );
    if (cut === this.#cutBySchedule) return;
    this.#cutBySchedule = cut;
    this.#relay?.setBlocked(cut);
    this.#listener?.onNote(cut ? 'network.down' : 'network.up');
  }

  #watch(now: number): void {
    const heard = this.#ear.received > 0;
    const limit = heard ? this.#options.mediaGapTimeoutMs : this.#options.firstMediaTimeoutMs;
    const silentMs = now - this.#lastActivity;
    if (silentMs < limit) return;
    this.#stopTicking?.();
    this.#listener?.onDropped(silentMs);
  }

  async #close(): Promise<void> {
    this.#stopTicking?.();
    this.#stats = this.#leg?.stats() ?? null;
    await this.#leg?.close();
    await this.#relay?.close();
  }

  #legListener(listener: HandsetListener): LegListener {
    return {
      onConnected: () => listener.onConnected(),
      onFailed: (code, detail) => listener.onNote('leg.failed', { code, detail }),
      onAudio: (payload, sequence, timestamp) => {
        if (this.#acceptedAt === null) this.#mediaBeforeAccept += 1;
        const first = this.#ear.received === 0;
        const now = performance.now();
        this.#lastActivity = now;
        this.#ear.hear(payload, sequence, timestamp, now);
        if (first) listener.onHeard();
      },
      onDtmf: (digit) => {
        this.#dtmfHeard += digit;
      },
      onActivity: () => {
        // RTCP keeps a call alive through a pause, but it is no first media (meta-calling.md §4.5).
        if (this.#ear.received > 0) this.#lastActivity = performance.now();
      },
      onBye: () => {
        this.#byeReceived = true;
        listener.onNote('rtcp.bye');
      },
    };
  }
}

function unix(monotonicMs: number | null): number | null {
  return monotonicMs === null ? null : performance.timeOrigin + monotonicMs;
}
