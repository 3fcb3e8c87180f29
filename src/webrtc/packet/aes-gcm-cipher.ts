import { CounterKeystream, MAX_PACKET_BYTES } from './counter-keystream.ts';
import { Ghash } from './ghash.ts';
import type { PacketCipher } from './packet-cipher.ts';
import type { SessionKeys, StreamKeys } from './srtp-keys.ts';
import { tagMatches } from './tag.ts';

const TAG = 16;
const RTCP_HEADER = 8;

// Filled and read within one call.
const tag = new Uint8Array(TAG);
const rtcpAad = Buffer.alloc(MAX_PACKET_BYTES + 4);

/** AEAD_AES_128_GCM (RFC 7714). Node's own GCM needs a cipher object per packet, so GHASH is ours here. */
export class AesGcmCipher implements PacketCipher {
  readonly rtpOverhead = TAG;
  readonly rtcpOverhead = TAG + 4;
  readonly rtcpWordAt = TAG;
  readonly #rtp: Stream;
  readonly #rtcp: Stream;

  constructor(keys: SessionKeys) {
    this.#rtp = new Stream(keys.rtp);
    this.#rtcp = new Stream(keys.rtcp);
  }

  sealRtp(packet: Buffer, headerLength: number, length: number, roc: number): void {
    this.#rtp.start(packet.readInt32BE(8), roc, packet.readUInt16BE(2), length - headerLength);
    this.#rtp.crypt(packet, headerLength, length);
    this.#rtp.sign(packet, headerLength, packet, headerLength, length);
    packet.set(tag, length);
  }

  openRtp(packet: Buffer, headerLength: number, length: number, roc: number): boolean {
    this.#rtp.start(packet.readInt32BE(8), roc, packet.readUInt16BE(2), length - headerLength);
    this.#rtp.sign(packet, headerLength, packet, headerLength, length);
    if (!tagMatches(tag, packet, length)) return false;
    this.#rtp.crypt(packet, headerLength, length);
    return true;
  }

  sealRtcp(packet: Buffer, length: number, word: number): void {
    this.#startRtcp(packet, length - RTCP_HEADER, word);
    this.#rtcp.crypt(packet, RTCP_HEADER, length);
    this.#signRtcp(packet, RTCP_HEADER, length, word);
    packet.set(tag, length);
    packet.writeInt32BE(word, length + TAG);
  }

  openRtcp(packet: Buffer, length: number, word: number): boolean {
    const encrypted = word < 0;
    const clear = encrypted ? RTCP_HEADER : length;
    this.#startRtcp(packet, length - clear, word);
    this.#signRtcp(packet, clear, length, word);
    if (!tagMatches(tag, packet, length)) return false;
    if (encrypted) this.#rtcp.crypt(packet, RTCP_HEADER, length);
    return true;
  }

  #startRtcp(packet: Buffer, textLength: number, word: number): void {
    this.#rtcp.start(packet.readInt32BE(4), (word >>> 16) & 0x7fff, word & 0xffff, textLength);
  }

  /** The associated data is the clear part of the packet and the index word behind it (RFC 7714 §9.2, §9.3). */
  #signRtcp(packet: Buffer, clear: number, length: number, word: number): void {
    packet.copy(rtcpAad, 0, 0, clear);
    rtcpAad.writeInt32BE(word, clear);
    this.#rtcp.sign(rtcpAad, clear + 4, packet, clear, length);
  }
}

/** GCM under one key: `start` with the packet's place, then `crypt` and `sign` in the order that the direction needs. */
class Stream {
  readonly #keystream: CounterKeystream;
  readonly #ghash: Ghash;
  readonly #salt0: number;
  readonly #salt1: number;
  readonly #salt2: number;
  /** The first block masks the tag, the rest is for the text. */
  #stream: Buffer;

  constructor(keys: StreamKeys) {
    this.#keystream = new CounterKeystream(keys.cipherKey);
    this.#stream = this.#keystream.generate(0, 0, 0, 0, 1);
    this.#ghash = new Ghash(this.#stream);
    this.#salt0 = keys.salt.readInt32BE(0);
    this.#salt1 = keys.salt.readInt32BE(4);
    this.#salt2 = keys.salt.readInt32BE(8);
  }

  /** The packet index is `high` (32 bits) and `low` (16 bits); IV by RFC 7714 §8.1. */
  start(ssrc: number, high: number, low: number, textLength: number): void {
    const blocks = 1 + ((textLength + 15) >>> 4);
    this.#stream = this.#keystream.generate(
      this.#salt0 ^ (ssrc >>> 16),
      this.#salt1 ^ ((ssrc << 16) | (high >>> 16)),
      this.#salt2 ^ ((high << 16) | low),
      1,
      blocks,
    );
  }

  crypt(packet: Buffer, from: number, to: number): void {
    const stream = this.#stream;
    for (let at = from, i = TAG; at < to; at++, i++) packet[at]! ^= stream[i]!;
  }

  /** Leaves the tag over `aad[0, aadLength)` and the ciphertext `text[from, to)` in `tag`. */
  sign(aad: Buffer, aadLength: number, text: Buffer, from: number, to: number): void {
    this.#ghash.reset();
    this.#ghash.update(aad, 0, aadLength);
    this.#ghash.update(text, from, to);
    this.#ghash.finish(aadLength, to - from, this.#stream, tag);
  }
}
