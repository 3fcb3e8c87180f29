import { compactNtp } from './ntp-time.ts';
import type { ReportBlock } from './rtcp.ts';

/** A longer way round is a clock that was set or a report of somebody else's SR, not a network. */
const MAX_RTT_MS = 60_000;

/** What we sent under our SSRC, and how the other side says it arrived. */
export class SendStats {
  packets = 0;
  /** Payload only: the octet count of an SR. */
  bytes = 0;
  /** From the last report that answered one of our SRs; null without one. */
  rttMs: number | null = null;
  /** Lost of all that we had sent when the last report came, 0..1; null without a report. */
  remoteLossRatio: number | null = null;
  readonly #ssrc: number;

  constructor(ssrc: number) {
    this.#ssrc = ssrc;
  }

  onPacket(payloadBytes: number): void {
    this.packets += 1;
    this.bytes += payloadBytes;
  }

  /**
   * Takes a block of the other side's SR or RR; blocks about other sources are ignored. `wallMs` is the clock that dates
   * our SRs.
   */
  onReportBlock(block: ReportBlock, wallMs: number): void {
    if (block.ssrc !== this.#ssrc) return;
    if (this.packets > 0) this.remoteLossRatio = Math.min(1, Math.max(0, block.cumulativeLost) / this.packets);
    if (block.lastSenderReport === 0) return;
    // Modulo 2^32 (RFC 3550 §6.4.1); a delay that exceeds the time since the SR wraps into something absurd.
    const ticks = (compactNtp(wallMs) - block.lastSenderReport - block.delaySinceLastSenderReport) >>> 0;
    const rttMs = ticks / 65.536;
    if (rttMs <= MAX_RTT_MS) this.rttMs = rttMs;
  }
}
