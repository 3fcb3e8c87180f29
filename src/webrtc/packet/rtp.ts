/** Bytes of the header that we send: no CSRC, no extension. */
export const RTP_HEADER_BYTES = 12;

/** Where things are in an RTP packet. Made once and filled again for each packet. */
export interface RtpHeader {
  payloadType: number;
  marker: boolean;
  /** 16 bits. */
  sequence: number;
  /** 32 bits, unsigned. */
  timestamp: number;
  /** 32 bits, unsigned. */
  ssrc: number;
  payloadOffset: number;
  /** Without padding. */
  payloadLength: number;
}

export function createRtpHeader(): RtpHeader {
  return { payloadType: 0, marker: false, sequence: 0, timestamp: 0, ssrc: 0, payloadOffset: 0, payloadLength: 0 };
}

/** Whether a datagram whose first byte is 128..191 is RTCP and not RTP (RFC 5761 §4). Needs two bytes. */
export function isRtcp(packet: Uint8Array): boolean {
  const type = packet[1]!;
  return type >= 192 && type <= 223;
}

/** Writes the 12-byte header at the start of `packet`. `sequence` and `timestamp` are taken modulo 2^16 and 2^32. */
export function writeRtpHeader(
  packet: Buffer,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  packet[0] = 0x80;
  packet[1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
  packet[2] = sequence >>> 8;
  packet[3] = sequence;
  packet.writeInt32BE(timestamp | 0, 4);
  packet.writeInt32BE(ssrc | 0, 8);
}

/** Length of the header with CSRCs and extension, or -1 when `packet[0, length)` is no RTP packet (RFC 3550 §5.1). */
export function rtpHeaderLength(packet: Uint8Array, length: number): number {
  if (length < RTP_HEADER_BYTES || packet[0]! >>> 6 !== 2) return -1;
  let header = RTP_HEADER_BYTES + (packet[0]! & 0x0f) * 4;
  if ((packet[0]! & 0x10) !== 0) {
    if (header + 4 > length) return -1;
    header += 4 + ((packet[header + 2]! << 8) | packet[header + 3]!) * 4;
  }
  return header <= length ? header : -1;
}

/** Reads a plain packet into `header`; false (and `header` undefined in content) when it is malformed. Never throws. */
export function parseRtp(packet: Buffer, length: number, header: RtpHeader): boolean {
  if (length > packet.length) return false;
  const offset = rtpHeaderLength(packet, length);
  if (offset < 0) return false;
  let end = length;
  if ((packet[0]! & 0x20) !== 0) {
    const padding = length > offset ? packet[length - 1]! : 0;
    if (padding === 0 || padding > length - offset) return false;
    end -= padding;
  }
  header.marker = packet[1]! >= 0x80;
  header.payloadType = packet[1]! & 0x7f;
  header.sequence = packet.readUInt16BE(2);
  header.timestamp = packet.readUInt32BE(4);
  header.ssrc = packet.readUInt32BE(8);
  header.payloadOffset = offset;
  header.payloadLength = end - offset;
  return true;
}
