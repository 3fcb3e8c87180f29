import type { MediaInput } from '../call/index.ts';
import {
  type Leg,
  type LegListener,
  type LegNetwork,
  type LegStats,
  openAnsweringLeg,
  openOfferingLeg,
} from '../webrtc/index.ts';
import { Watchdog } from './watchdog.ts';

export interface PhoneSideOptions {
  readonly network: LegNetwork;
  readonly firstMediaTimeoutMs: number;
  readonly mediaGapTimeoutMs: number;
  readonly report: (input: MediaInput) => void;
  readonly fail: (error: unknown) => void;
  /** What the phone sends before the call is answered is nobody's business; these are called only from then on. */
  readonly onAudio: LegListener['onAudio'];
  readonly onDtmf: LegListener['onDtmf'];
  readonly onBye: () => void;
}

/** The leg of a call: opened, gated until the call is answered, watched for silence, closed. */
export class PhoneSide {
  readonly #options: PhoneSideOptions;
  readonly #watchdog: Watchdog;
  #leg: Leg | null = null;
  #opened: Promise<void> = Promise.resolve();
  #ungated = false;
  #hearEarly = false;
  #heard = false;

  constructor(options: PhoneSideOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog(options.firstMediaTimeoutMs, options.mediaGapTimeoutMs);
  }

  get ungated(): boolean {
    return this.#ungated;
  }

  /** Answers `offer`. Reports media.opened, or fails. */
  open(offer: string): Promise<void> {
    this.#opened = this.#open((network) => openAnsweringLeg(offer, network, this.#listener));
    return this.#opened;
  }

  /** Offers. Reports media.opened, or fails. With `hearEarly`, media.heard may come before `ungate`. */
  offer(hearEarly: boolean): Promise<void> {
    this.#hearEarly = hearEarly;
    this.#opened = this.#open((network) => openOfferingLeg(network, this.#listener));
    return this.#opened;
  }

  /** Takes the answer to our offer, or fails. Does nothing when there is one already, or no leg. */
  async answer(sdp: string): Promise<void> {
    await this.#opened;
    try {
      await this.#leg?.applyAnswer(sdp);
    } catch (error) {
      this.#options.fail(error);
    }
  }

  ungate(): void {
    this.#ungated = true;
    this.#leg?.ungate();
    this.#watchdog.arm(performance.now());
  }

  send(packet: Uint8Array, marker: boolean): void {
    this.#leg?.sendAudio(packet, marker);
  }

  /** False: refused. */
  sendDtmf(digits: string): boolean {
    return this.#leg?.sendDtmf(digits) ?? false;
  }

  /** How long nothing came from the phone, milliseconds, once, when that became too long; otherwise null. */
  silentMs(now: number): number | null {
    return this.#watchdog.check(now);
  }

  /** Null before the leg is open. */
  stats(): LegStats | null {
    return this.#leg?.stats() ?? null;
  }

  /** A leg that is still being opened is closed when it is open: it holds sockets from the first moment. */
  async close(): Promise<void> {
    await this.#opened;
    await this.#leg?.close();
  }

  async #open(openLeg: (network: LegNetwork) => Promise<Leg>): Promise<void> {
    const { network, report, fail } = this.#options;
    try {
      this.#leg = await openLeg(network);
      report({ type: 'media.opened', sdp: this.#leg.localSdp });
    } catch (error) {
      fail(error);
    }
  }

  readonly #listener: LegListener = {
    onConnected: (setupMs) => this.#options.report({ type: 'media.connected', setupMs }),
    onFailed: (code, detail) => this.#options.report({ type: 'media.failed', code, detail }),
    onAudio: (payload, sequence, timestamp, arrivalMs) => {
      if (this.#ungated) this.#options.onAudio(payload, sequence, timestamp, arrivalMs);
      if (this.#heard || !(this.#ungated || this.#hearEarly)) return;
      this.#heard = true;
      this.#options.report({ type: 'media.heard' });
    },
    onDtmf: (digit, durationMs) => {
      if (!this.#ungated) return;
      this.#options.onDtmf(digit, durationMs);
      this.#options.report({ type: 'media.dtmf', digit, durationMs });
    },
    onActivity: (arrivalMs) => this.#watchdog.activity(arrivalMs),
    onBye: () => this.#options.onBye(),
  };
}
