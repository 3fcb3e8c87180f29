import type { LegListener } from '../leg.ts';
import { createReportBlock, parseRtcp, type ReportBlock, type RtcpListener } from '../packet/rtcp.ts';
import { RtcpWriter } from '../packet/rtcp-writer.ts';
import { SRTP_MAX_OVERHEAD, type SrtpReceiver, type SrtpSender } from '../packet/srtp.ts';
import type { InboundStream } from './inbound-stream.ts';
import type { OutboundStream, Transmit } from './outbound-stream.ts';
import { wallClock } from './wall-clock.ts';

/** Mean distance of reports, with ±20 % against lockstep (RFC 3550 §6.2); the first comes early, for a round-trip time. */
const INTERVAL_MS = 5_000;
const FIRST_MS = 1_000;

export interface RtcpOptions {
  readonly ssrc: number;
  readonly cname: string;
  readonly protect: SrtpSender;
  readonly unprotect: SrtpReceiver;
  readonly inbound: InboundStream;
  readonly outbound: OutboundStream;
  readonly transmit: Transmit;
  readonly listener: LegListener;
}

/**
 * Sends SR or RR with SDES every five seconds and BYE at the end, and reads what the other side says. Nothing is sent
 * while the gate is closed: what RTCP alone does to a call before accept is not known (meta-calling.md §13).
 */
export class RtcpExchange implements RtcpListener {
  refused = 0;
  readonly #options: RtcpOptions;
  readonly #writer: RtcpWriter;
  readonly #buffer: Buffer;
  readonly #block = createReportBlock();
  #timer: NodeJS.Timeout;
  #byeHeard = false;

  constructor(options: RtcpOptions) {
    this.#options = options;
    this.#writer = new RtcpWriter(options.ssrc, options.cname);
    this.#buffer = Buffer.alloc(this.#writer.maxBytes + SRTP_MAX_OVERHEAD);
    this.#timer = setTimeout(() => this.#tick(), jittered(FIRST_MS));
  }

  /** Takes one SRTCP packet, which is decrypted in place. */
  receive(packet: Buffer, arrivalMs: number): void {
    const length = this.#options.unprotect.unprotectRtcp(packet, packet.length);
    if (length < 0) {
      this.refused += 1;
      return;
    }
    this.#options.listener.onActivity(arrivalMs);
    parseRtcp(packet, length, this);
  }

  onSenderReport(ssrc: number, ntp: number): void {
    this.#options.inbound.stats.onSenderReport(ssrc, ntp, wallClock());
  }

  onReportBlock(block: ReportBlock): void {
    this.#options.outbound.stats.onReportBlock(block, wallClock());
  }

  onBye(): void {
    if (this.#byeHeard) return;
    this.#byeHeard = true;
    this.#options.listener.onBye();
  }

  /** Says BYE if anything was ever sent, and stops. */
  close(): void {
    clearTimeout(this.#timer);
    if (this.#options.outbound.open && this.#options.outbound.stats.packets > 0) {
      this.#send(this.#writer.writeBye(this.#buffer));
    }
  }

  #tick(): void {
    const { inbound, outbound } = this.#options;
    inbound.flush(performance.now());
    if (outbound.open) {
      const block = inbound.stats.report(this.#block, wallClock()) ? this.#block : null;
      const length =
        outbound.stats.packets > 0
          ? this.#writer.writeSenderReport(this.#buffer, outbound.describe(), block)
          : this.#writer.writeReceiverReport(this.#buffer, block);
      this.#send(length);
    }
    this.#timer = setTimeout(() => this.#tick(), jittered(outbound.open ? INTERVAL_MS : FIRST_MS));
  }

  #send(length: number): void {
    this.#options.transmit(this.#buffer, this.#options.protect.protectRtcp(this.#buffer, length));
  }
}

function jittered(ms: number): number {
  return ms * (0.8 + 0.4 * Math.random());
}
