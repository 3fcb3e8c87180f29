import { ntpFraction, ntpSeconds } from './ntp-time.ts';
import { REPORT_BLOCK_BYTES, type ReportBlock, rtcpType } from './rtcp.ts';

/** What an SR says of our own stream (RFC 3550 §6.4.1). */
export interface SenderInfo {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** RTP time of the same instant. */
  readonly rtpTimestamp: number;
  readonly packetsSent: number;
  /** Payload only. */
  readonly octetsSent: number;
}

const MAX_CNAME_BYTES = 255;
const CNAME = 1;

/** Writes compound RTCP packets of one SSRC from the start of a buffer that is used again and again. */
export class RtcpWriter {
  /** A buffer of this many bytes takes any of the packets, without SRTCP's part. */
  readonly maxBytes: number;
  readonly #ssrc: number;
  readonly #description: Buffer;

  /** @param cname the canonical name of SDES, at most 255 bytes in UTF-8; RangeError if longer */
  constructor(ssrc: number, cname: string) {
    this.#ssrc = ssrc;
    this.#description = sourceDescription(ssrc, cname);
    this.maxBytes = 28 + REPORT_BLOCK_BYTES + this.#description.length + 8;
  }

  /** SR (with a block about what we hear, if anything) and SDES. Returns the length. */
  writeSenderReport(into: Buffer, info: SenderInfo, block: ReportBlock | null): number {
    const bytes = 28 + (block === null ? 0 : REPORT_BLOCK_BYTES);
    writeHeader(into, 0, block === null ? 0 : 1, rtcpType.senderReport, bytes);
    into.writeUInt32BE(this.#ssrc, 4);
    into.writeUInt32BE(ntpSeconds(info.wallMs), 8);
    into.writeUInt32BE(ntpFraction(info.wallMs), 12);
    into.writeInt32BE(info.rtpTimestamp | 0, 16);
    into.writeInt32BE(info.packetsSent | 0, 20);
    into.writeInt32BE(info.octetsSent | 0, 24);
    if (block !== null) writeBlock(into, 28, block);
    return this.#describe(into, bytes);
  }

  /** RR and SDES, for as long as we send nothing. Returns the length. */
  writeReceiverReport(into: Buffer, block: ReportBlock | null): number {
    return this.#describe(into, this.#receiverReport(into, block));
  }

  /** An empty RR, SDES and BYE. Returns the length. */
  writeBye(into: Buffer): number {
    const at = this.#describe(into, this.#receiverReport(into, null));
    writeHeader(into, at, 1, rtcpType.bye, 8);
    into.writeUInt32BE(this.#ssrc, at + 4);
    return at + 8;
  }

  #receiverReport(into: Buffer, block: ReportBlock | null): number {
    const bytes = 8 + (block === null ? 0 : REPORT_BLOCK_BYTES);
    writeHeader(into, 0, block === null ? 0 : 1, rtcpType.receiverReport, bytes);
    into.writeUInt32BE(this.#ssrc, 4);
    if (block !== null) writeBlock(into, 8, block);
    return bytes;
  }

  #describe(into: Buffer, at: number): number {
    this.#description.copy(into, at);
    return at + this.#description.length;
  }
}

function writeHeader(into: Buffer, at: number, count: number, type: number, bytes: number): void {
  into[at] = 0x80 | count;
  into[at + 1] = type;
  into.writeUInt16BE(bytes / 4 - 1, at + 2);
}

function writeBlock(into: Buffer, at: number, block: ReportBlock): void {
  into.writeUInt32BE(block.ssrc, at);
  into[at + 4] = block.fractionLost;
  into.writeIntBE(block.cumulativeLost, at + 5, 3);
  into.writeUInt32BE(block.highestSequence, at + 8);
  into.writeUInt32BE(block.jitter, at + 12);
  into.writeUInt32BE(block.lastSenderReport, at + 16);
  into.writeUInt32BE(block.delaySinceLastSenderReport, at + 20);
}

/** SDES with one chunk: SSRC, CNAME, a zero byte, padding to whole words (RFC 3550 §6.5). */
function sourceDescription(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname, 'utf8');
  if (name.length > MAX_CNAME_BYTES) throw new RangeError(`cname is longer than ${MAX_CNAME_BYTES} bytes`);
  const bytes = Math.ceil((10 + name.length + 1) / 4) * 4;
  const packet = Buffer.alloc(bytes);
  writeHeader(packet, 0, 1, rtcpType.sourceDescription, bytes);
  packet.writeUInt32BE(ssrc, 4);
  packet[8] = CNAME;
  packet[9] = name.length;
  name.copy(packet, 10);
  return packet;
}
