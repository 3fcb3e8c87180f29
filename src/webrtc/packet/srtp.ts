import { MAX_PACKET_BYTES } from './counter-keystream.ts';
import { createPacketCipher, type PacketCipher } from './packet-cipher.ts';
import { estimateIndex, rolloverOf } from './packet-index.ts';
import { ReplayWindow } from './replay-window.ts';
import { rtpHeaderLength } from './rtp.ts';
import { deriveSessionKeys, type SrtpKeys, type SrtpProfile } from './srtp-keys.ts';

export type { SrtpKeys, SrtpProfile };

/** Room in bytes that a packet's buffer needs behind the plain packet, for RTP and RTCP in either profile. */
export const SRTP_MAX_OVERHEAD = 20;

/** Why a packet was refused; the receiver returns these in place of a length. */
export const srtpRefusal = {
  /** Too short, too long, or no RTP or RTCP at all. */
  malformed: -1,
  badTag: -2,
  /** Seen before, or older than the replay window: also what an honest network duplicate gives. */
  replayed: -3,
  /** Authentic, but the sender already used as many SSRCs as we keep state for. */
  tooManySources: -4,
} as const;

/** Protects what we send under one SSRC. Works in place, keeps no packet. */
export interface SrtpSender {
  /**
   * Protects `packet[0, length)`; the buffer needs `SRTP_MAX_OVERHEAD` bytes behind it. Returns the new length. Throws
   * RangeError when the packet is no RTP packet of this SSRC, has no room, or does not follow the one before: two packets
   * with one index would give both away.
   */
  protectRtp(packet: Buffer, length: number): number;
  /** The same for a compound RTCP packet that begins with our SSRC. */
  protectRtcp(packet: Buffer, length: number): number;
}

/** Authenticates and decrypts what one peer sends, under up to eight SSRCs. Works in place, keeps no packet, never throws. */
export interface SrtpReceiver {
  /** Index of the last accepted RTP packet: its sequence number, extended to 48 bits. -1 before the first. */
  readonly lastIndex: number;
  /** Length of the plain RTP packet, or a `srtpRefusal` (negative); a refused packet is unchanged. */
  unprotectRtp(packet: Buffer, length: number): number;
  /** Length of the plain RTCP compound, or a `srtpRefusal` (negative); a refused packet is unchanged. */
  unprotectRtcp(packet: Buffer, length: number): number;
}

/**
 * `ssrc` is the one SSRC of the stream, unsigned. Its first sequence number should lie below 32,768, so that a receiver that
 * misses the first packets cannot mistake the cycle (RFC 3711 §3.3.1). Throws RangeError on keys of a wrong length.
 */
export function createSrtpSender(keys: SrtpKeys, profile: SrtpProfile, ssrc: number): SrtpSender {
  return new Sender(createPacketCipher(deriveSessionKeys(keys, profile), profile), ssrc);
}

/** Throws RangeError on keys of a wrong length. */
export function createSrtpReceiver(keys: SrtpKeys, profile: SrtpProfile): SrtpReceiver {
  return new Receiver(createPacketCipher(deriveSessionKeys(keys, profile), profile));
}

const RTCP_HEADER = 8;
const MAX_SOURCES = 8;
const E_FLAG = 0x80000000;

class Sender implements SrtpSender {
  readonly #cipher: PacketCipher;
  readonly #ssrc: number;
  #lastIndex = -1;
  #rtcpIndex = 0;

  constructor(cipher: PacketCipher, ssrc: number) {
    this.#cipher = cipher;
    this.#ssrc = ssrc | 0;
  }

  protectRtp(packet: Buffer, length: number): number {
    const protectedLength = length + this.#cipher.rtpOverhead;
    const header = rtpHeaderLength(packet, length);
    if (header < 0 || packet.readInt32BE(8) !== this.#ssrc) throw new RangeError('not an RTP packet of this SSRC');
    if (length > MAX_PACKET_BYTES || protectedLength > packet.length) throw new RangeError('no room to protect RTP');
    const sequence = packet.readUInt16BE(2);
    const index = this.#lastIndex < 0 ? sequence : estimateIndex(this.#lastIndex, sequence);
    if (index <= this.#lastIndex) throw new RangeError('RTP sequence numbers must rise');
    this.#cipher.sealRtp(packet, header, length, rolloverOf(index));
    this.#lastIndex = index;
    return protectedLength;
  }

  protectRtcp(packet: Buffer, length: number): number {
    const protectedLength = length + this.#cipher.rtcpOverhead;
    if (length < RTCP_HEADER || packet.readInt32BE(4) !== this.#ssrc) throw new RangeError('not RTCP of this SSRC');
    if (length > MAX_PACKET_BYTES || protectedLength > packet.length) throw new RangeError('no room to protect RTCP');
    this.#cipher.sealRtcp(packet, length, this.#rtcpIndex | E_FLAG);
    this.#rtcpIndex = (this.#rtcpIndex + 1) & 0x7fffffff;
    return protectedLength;
  }
}

class Receiver implements SrtpReceiver {
  lastIndex = -1;
  readonly #cipher: PacketCipher;
  readonly #rtpSources = new Sources();
  readonly #rtcpSources = new Sources();

  constructor(cipher: PacketCipher) {
    this.#cipher = cipher;
  }

  unprotectRtp(packet: Buffer, length: number): number {
    const plain = length - this.#cipher.rtpOverhead;
    if (length > packet.length || plain > MAX_PACKET_BYTES) return srtpRefusal.malformed;
    const header = rtpHeaderLength(packet, plain);
    if (header < 0) return srtpRefusal.malformed;
    const ssrc = packet.readInt32BE(8);
    const sequence = packet.readUInt16BE(2);
    const window = this.#rtpSources.find(ssrc);
    if (window === undefined) return this.#openNewSource(packet, header, plain, ssrc, sequence);
    const index = estimateIndex(window.highest, sequence);
    if (!window.isFresh(index)) return srtpRefusal.replayed;
    if (!this.#cipher.openRtp(packet, header, plain, rolloverOf(index))) return srtpRefusal.badTag;
    window.accept(index);
    this.lastIndex = index;
    return plain;
  }

  unprotectRtcp(packet: Buffer, length: number): number {
    const plain = length - this.#cipher.rtcpOverhead;
    if (length > packet.length || plain > MAX_PACKET_BYTES || plain < RTCP_HEADER) return srtpRefusal.malformed;
    if (packet[0]! >>> 6 !== 2) return srtpRefusal.malformed;
    const ssrc = packet.readInt32BE(4);
    const word = packet.readInt32BE(plain + this.#cipher.rtcpWordAt);
    const index = word & 0x7fffffff;
    const known = this.#rtcpSources.find(ssrc);
    if (known !== undefined && !known.isFresh(index)) return srtpRefusal.replayed;
    // An SSRC costs state only once it is proven; a full table refuses before it decrypts.
    if (known === undefined && this.#rtcpSources.isFull) return srtpRefusal.tooManySources;
    if (!this.#cipher.openRtcp(packet, plain, word)) return srtpRefusal.badTag;
    (known ?? this.#rtcpSources.add(ssrc)).accept(index);
    return plain;
  }

  #openNewSource(packet: Buffer, header: number, plain: number, ssrc: number, sequence: number): number {
    if (this.#rtpSources.isFull) return srtpRefusal.tooManySources;
    let index = sequence;
    if (!this.#cipher.openRtp(packet, header, plain, 0)) {
      // A stream that began just below 65,536 and lost its first packets is in its second cycle already; with the first
      // guess alone it would stay unheard.
      if (sequence >= 0x8000 || !this.#cipher.openRtp(packet, header, plain, 1)) return srtpRefusal.badTag;
      index += 0x10000;
    }
    this.#rtpSources.add(ssrc).accept(index);
    this.lastIndex = index;
    return plain;
  }
}

/** Replay windows by SSRC. A call has one or two, so the last one used is tried first and the rest is a short walk. */
class Sources {
  readonly #ssrcs: number[] = [];
  readonly #windows: ReplayWindow[] = [];
  #last = 0;

  get isFull(): boolean {
    return this.#ssrcs.length >= MAX_SOURCES;
  }

  find(ssrc: number): ReplayWindow | undefined {
    if (this.#ssrcs[this.#last] === ssrc) return this.#windows[this.#last];
    const at = this.#ssrcs.indexOf(ssrc);
    if (at < 0) return undefined;
    this.#last = at;
    return this.#windows[at];
  }

  add(ssrc: number): ReplayWindow {
    const window = new ReplayWindow();
    this.#ssrcs.push(ssrc);
    this.#windows.push(window);
    return window;
  }
}
