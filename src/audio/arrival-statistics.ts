import { FRAME_MS, RTP_CLOCK_HZ } from './frame.ts';

/** Transits kept: 10 s of 20 ms packets. */
const WINDOW = 512;
/** How often the figures are made anew, in packets. */
const REFRESH = 16;
/** A path that got slower for this many packets in a row by this much is a new path, not jitter. */
const NEW_PATH_PACKETS = 32;
const NEW_PATH_MS = 80;
/** Share of the packets that the jitter figure covers. Later ones are left to FEC and concealment. */
const COVERED = 0.98;
const BIN_MS = 1;
const BINS = 128;
/** Most that a packet may be held back against the fastest one; the target depth is one frame more. */
export const MAX_HOLD_MS = 100;
/** Loss (smoothed over some hundred packets) from which a frame more is held, so that FEC is there when it is needed. */
const LOSS_WORTH_FEC = 0.015;
const LOSS_SMOOTHING = 0.01;
const LARGEST_LOSS = 10;
/** With fewer packets than this the jitter is not known, and taken to be one frame. */
const KNOWN_PACKETS = 25;

/**
 * How late packets arrive against the fastest of the last ten seconds, and how many never do. A rise shows at once, a fall
 * when the late ones leave the window: fast up, slow down.
 */
export class ArrivalStatistics {
  readonly #transits = new Float64Array(WINDOW);
  readonly #bins = new Uint16Array(BINS);
  #count = 0;
  #next = 0;
  #sinceRefresh = 0;
  #base = 0;
  /** By how much all but the last few packets are later than the fastest. */
  #jitterMs = FRAME_MS;
  #lossRatio = 0;

  /** How long a frame must be held back against the fastest packet for nearly all to be in time, milliseconds. */
  get needMs(): number {
    return Math.min(MAX_HOLD_MS, this.#jitterMs + (this.#lossRatio > LOSS_WORTH_FEC ? FRAME_MS : 0));
  }

  get known(): boolean {
    return this.#count > 0;
  }

  /** Lateness in ms that a packet of `timestamp` (48 kHz) would have at `nowMs`. */
  lateness(timestamp: number, nowMs: number): number {
    return nowMs - this.#base - (timestamp * 1000) / RTP_CLOCK_HZ;
  }

  add(timestamp: number, arrivalMs: number): void {
    const transit = arrivalMs - (timestamp * 1000) / RTP_CLOCK_HZ;
    if (this.#count === 0 || transit < this.#base) this.#base = transit;
    this.#transits[this.#next] = transit;
    this.#next = (this.#next + 1) % WINDOW;
    this.#count = Math.min(WINDOW, this.#count + 1);
    this.#sinceRefresh += 1;
    if (this.#sinceRefresh >= REFRESH || transit - this.#base > this.#jitterMs) this.#refresh();
  }

  /** A packet was played, and `missing` before it were not. */
  played(missing: number): void {
    this.#lossRatio *= 1 - LOSS_SMOOTHING;
    for (let i = 0; i < Math.min(missing, LARGEST_LOSS); i += 1) {
      this.#lossRatio += LOSS_SMOOTHING * (1 - this.#lossRatio);
    }
  }

  reset(): void {
    this.#count = 0;
    this.#next = 0;
    this.#sinceRefresh = 0;
    this.#jitterMs = FRAME_MS;
  }

  #refresh(): void {
    this.#sinceRefresh = 0;
    const recent = this.#fastest(Math.min(this.#count, NEW_PATH_PACKETS));
    this.#base = this.#fastest(this.#count);
    if (this.#count > NEW_PATH_PACKETS && recent - this.#base > NEW_PATH_MS) {
      this.#count = NEW_PATH_PACKETS;
      this.#base = recent;
    }
    if (this.#count < KNOWN_PACKETS) return;
    this.#bins.fill(0);
    for (let i = 1; i <= this.#count; i += 1) {
      const lateness = this.#at(i) - this.#base;
      const bin = Math.min(BINS - 1, Math.floor(lateness / BIN_MS));
      this.#bins[bin] = this.#bins[bin]! + 1;
    }
    let seen = 0;
    let bin = 0;
    while (bin < BINS - 1 && seen + this.#bins[bin]! < COVERED * this.#count) {
      seen += this.#bins[bin]!;
      bin += 1;
    }
    this.#jitterMs = bin * BIN_MS;
  }

  #fastest(packets: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 1; i <= packets; i += 1) least = Math.min(least, this.#at(i));
    return least;
  }

  /** The transit `back` packets ago, 1 for the newest. */
  #at(back: number): number {
    return this.#transits[(this.#next - back + WINDOW) % WINDOW]!;
  }
}
