import { compactNtp } from './ntp-time.ts';
import type { ReportBlock } from './rtcp.ts';

/** Beyond 2^23 - 1 the 24-bit field of cumulative loss stays where it is (RFC 3550 §6.4.1). */
const MAX_CUMULATIVE_LOST = 0x7fffff;
/** A greater step between two packets is a sender that set its clock anew, not a network. */
const MAX_TRANSIT_STEP_MS = 5_000;

/**
 * What arrived of the other side's stream (RFC 3550 A.1, A.3, A.8), from packets that SRTP let through. When the SSRC changes,
 * the totals go on and the report blocks speak of the new source.
 */
export class ReceiveStats {
  /** Distinct packets. */
  packets = 0;
  duplicates = 0;
  /** Payload only. */
  bytes = 0;
  jitterMs = 0;
  jitterMaxMs = 0;
  readonly #clockPerMs: number;
  #ssrc = -1;
  /** Of the present source. */
  #received = 0;
  #first = 0;
  #highest = 0;
  #lostBefore = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  /** Arrival minus media time of the last packet, in ms; null before the first. */
  #transit: number | null = null;
  #lastSenderReport = 0;
  #senderReportAt = 0;

  /** @param clockRate of the RTP timestamps, Hz */
  constructor(clockRate: number) {
    this.#clockPerMs = clockRate / 1000;
  }

  /** Packets that never came, of all sources; late ones are taken off again, duplicates do not count against it. */
  get lost(): number {
    return this.#lostBefore + Math.max(0, this.#expected - this.#received);
  }

  /** Counts one authenticated RTP packet, telephone events included. `index` is SRTP's extended sequence number. */
  onPacket(ssrc: number, index: number, payloadBytes: number): void {
    if (ssrc !== this.#ssrc) this.#beginSource(ssrc, index);
    this.packets += 1;
    this.bytes += payloadBytes;
    this.#received += 1;
    if (index > this.#highest) this.#highest = index;
    // Overtaken at the very start: the stream began earlier than it looked.
    if (index < this.#first) this.#first = index;
  }

  /** Counts a packet that SRTP refused as seen before. */
  onDuplicate(): void {
    this.duplicates += 1;
  }

  /**
   * Interarrival jitter (A.8). For sound only, after `onPacket`: telephone events repeat their timestamp. `timestamp` is
   * the packet's RTP timestamp, unwrapped; `arrivalMs` of any steady clock.
   */
  onTiming(timestamp: number, arrivalMs: number): void {
    const transit = arrivalMs - timestamp / this.#clockPerMs;
    if (this.#transit !== null) {
      const difference = Math.abs(transit - this.#transit);
      if (difference <= MAX_TRANSIT_STEP_MS) this.jitterMs += (difference - this.jitterMs) / 16;
      if (this.jitterMs > this.jitterMaxMs) this.jitterMaxMs = this.jitterMs;
    }
    this.#transit = transit;
  }

  /** Remembers the other side's SR, for the next block. `ntp` as parseRtcp gives it; `wallMs` since 1970. */
  onSenderReport(ssrc: number, ntp: number, wallMs: number): void {
    if (ssrc !== this.#ssrc) return;
    this.#lastSenderReport = ntp;
    this.#senderReportAt = wallMs;
  }

  /**
   * Fills `block` with our report and begins a new interval for the fraction lost. False, and nothing filled, when nothing
   * was received yet.
   */
  report(block: ReportBlock, wallMs: number): boolean {
    if (this.#ssrc < 0) return false;
    const expected = this.#expected;
    const expectedInterval = expected - this.#expectedPrior;
    const lostInterval = expectedInterval - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    block.ssrc = this.#ssrc;
    block.fractionLost =
      expectedInterval > 0 && lostInterval > 0 ? Math.min(255, Math.floor((lostInterval * 256) / expectedInterval)) : 0;
    block.cumulativeLost = Math.min(MAX_CUMULATIVE_LOST, Math.max(-MAX_CUMULATIVE_LOST, expected - this.#received));
    block.highestSequence = this.#highest % 0x1_0000_0000;
    block.jitter = Math.round(this.jitterMs * this.#clockPerMs);
    block.lastSenderReport = this.#lastSenderReport;
    block.delaySinceLastSenderReport =
      this.#lastSenderReport === 0 ? 0 : (compactNtp(wallMs) - compactNtp(this.#senderReportAt)) >>> 0;
    return true;
  }

  get #expected(): number {
    return this.#ssrc < 0 ? 0 : this.#highest - this.#first + 1;
  }

  #beginSource(ssrc: number, index: number): void {
    this.#lostBefore = this.lost;
    this.#ssrc = ssrc;
    this.#received = 0;
    this.#first = index;
    this.#highest = index;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#transit = null;
    this.#lastSenderReport = 0;
  }
}
