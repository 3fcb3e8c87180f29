/** One report block (RFC 3550 §6.4.1). Filled again for each block that is read or written; not to be kept. */
export interface ReportBlock {
  /** The source that this is about, 32 bits unsigned. */
  ssrc: number;
  /** Since the report before, in 1/256. */
  fractionLost: number;
  /** 24 bits signed; negative when there were more duplicates than losses. */
  cumulativeLost: number;
  /** Extended highest sequence number, 32 bits unsigned. */
  highestSequence: number;
  /** In units of the RTP clock. */
  jitter: number;
  /** Middle 32 bits of the NTP time of the last SR, or 0. */
  lastSenderReport: number;
  /** Since that SR came in, in 1/65,536 s. */
  delaySinceLastSenderReport: number;
}

/** Told what a compound packet holds, in its order. Called on the packet path: must not throw or block. */
export interface RtcpListener {
  /** `ntp` is the middle 32 bits of the sender's NTP time, `rtpTimestamp` the RTP time of the same instant. */
  onSenderReport(ssrc: number, ntp: number, rtpTimestamp: number): void;
  /** A block of an SR or RR. `block` is valid only until the return. */
  onReportBlock(block: ReportBlock): void;
  onBye(ssrc: number): void;
}

/** RTCP packet types (RFC 3550 §12.1). */
export const rtcpType = { senderReport: 200, receiverReport: 201, sourceDescription: 202, bye: 203 } as const;

export const REPORT_BLOCK_BYTES = 24;

export function createReportBlock(): ReportBlock {
  return {
    ssrc: 0,
    fractionLost: 0,
    cumulativeLost: 0,
    highestSequence: 0,
    jitter: 0,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
  };
}

/**
 * Reads the plain compound `packet[0, length)`. Packet types that we do not know are skipped, as are blocks that do not
 * fit their packet. False when the compound breaks off or is no RTCP; what stood before that was told. Never throws.
 */
export function parseRtcp(packet: Buffer, length: number, listener: RtcpListener): boolean {
  if (length > packet.length || length < 4) return false;
  let at = 0;
  while (at < length) {
    if (at + 4 > length || packet[at]! >>> 6 !== 2) return false;
    const end = at + 4 + packet.readUInt16BE(at + 2) * 4;
    if (end > length) return false;
    const count = packet[at]! & 0x1f;
    switch (packet[at + 1]) {
      case rtcpType.senderReport:
        if (end - at >= 28) {
          listener.onSenderReport(
            packet.readUInt32BE(at + 4),
            packet.readUInt32BE(at + 10),
            packet.readUInt32BE(at + 16),
          );
          readBlocks(packet, at + 28, end, count, listener);
        }
        break;
      case rtcpType.receiverReport:
        readBlocks(packet, at + 8, end, count, listener);
        break;
      case rtcpType.bye:
        for (let i = 0, source = at + 4; i < count && source + 4 <= end; i++, source += 4) {
          listener.onBye(packet.readUInt32BE(source));
        }
        break;
    }
    at = end;
  }
  return true;
}

// Valid only during one callback, so all parsers of a thread share it.
const block = createReportBlock();

function readBlocks(packet: Buffer, from: number, end: number, count: number, listener: RtcpListener): void {
  for (let i = 0, at = from; i < count && at + REPORT_BLOCK_BYTES <= end; i++, at += REPORT_BLOCK_BYTES) {
    block.ssrc = packet.readUInt32BE(at);
    block.fractionLost = packet[at + 4]!;
    block.cumulativeLost = packet.readIntBE(at + 5, 3);
    block.highestSequence = packet.readUInt32BE(at + 8);
    block.jitter = packet.readUInt32BE(at + 12);
    block.lastSenderReport = packet.readUInt32BE(at + 16);
    block.delaySinceLastSenderReport = packet.readUInt32BE(at + 20);
    listener.onReportBlock(block);
  }
}
