import { CounterKeystream } from './counter-keystream.ts';
import { HmacSha1 } from './hmac-sha1.ts';
import type { PacketCipher } from './packet-cipher.ts';
import type { SessionKeys, StreamKeys } from './srtp-keys.ts';
import { tagMatches } from './tag.ts';

const TAG = 10;
const RTCP_HEADER = 8;

// Computed and compared or copied within one call.
const tag = new Uint8Array(TAG);

/** AES_CM_128_HMAC_SHA1_80 (RFC 3711 §4.1.1, §4.2.1). */
export class AesCmCipher implements PacketCipher {
  readonly rtpOverhead = TAG;
  readonly rtcpOverhead = TAG + 4;
  readonly rtcpWordAt = 0;
  readonly #rtp: Stream;
  readonly #rtcp: Stream;

  constructor(keys: SessionKeys) {
    this.#rtp = new Stream(keys.rtp);
    this.#rtcp = new Stream(keys.rtcp);
  }

  sealRtp(packet: Buffer, headerLength: number, length: number, roc: number): void {
    this.#rtp.crypt(packet, headerLength, length, packet.readInt32BE(8), roc, packet.readUInt16BE(2));
    this.#rtp.hmac.sign(packet, length, roc, tag);
    packet.set(tag, length);
  }

  openRtp(packet: Buffer, headerLength: number, length: number, roc: number): boolean {
    this.#rtp.hmac.sign(packet, length, roc, tag);
    if (!tagMatches(tag, packet, length)) return false;
    this.#rtp.crypt(packet, headerLength, length, packet.readInt32BE(8), roc, packet.readUInt16BE(2));
    return true;
  }

  sealRtcp(packet: Buffer, length: number, word: number): void {
    this.#cryptRtcp(packet, length, word);
    this.#rtcp.hmac.sign(packet, length, word, tag);
    packet.writeInt32BE(word, length);
    packet.set(tag, length + 4);
  }

  openRtcp(packet: Buffer, length: number, word: number): boolean {
    this.#rtcp.hmac.sign(packet, length, word, tag);
    if (!tagMatches(tag, packet, length + 4)) return false;
    if (word < 0) this.#cryptRtcp(packet, length, word);
    return true;
  }

  #cryptRtcp(packet: Buffer, length: number, word: number): void {
    this.#rtcp.crypt(packet, RTCP_HEADER, length, packet.readInt32BE(4), (word >>> 16) & 0x7fff, word & 0xffff);
  }
}

class Stream {
  readonly hmac: HmacSha1;
  readonly #keystream: CounterKeystream;
  readonly #salt0: number;
  readonly #salt1: number;
  readonly #salt2: number;
  readonly #salt3: number;

  constructor(keys: StreamKeys) {
    this.hmac = new HmacSha1(keys.authKey);
    this.#keystream = new CounterKeystream(keys.cipherKey);
    this.#salt0 = keys.salt.readInt32BE(0);
    this.#salt1 = keys.salt.readInt32BE(4);
    this.#salt2 = keys.salt.readInt32BE(8);
    this.#salt3 = keys.salt.readUInt16BE(12) << 16;
  }

  /** The packet index is `high` (32 bits) and `low` (16 bits). */
  crypt(packet: Buffer, from: number, to: number, ssrc: number, high: number, low: number): void {
    if (from >= to) return;
    const blocks = (to - from + 15) >>> 4;
    const stream = this.#keystream.generate(
      this.#salt0,
      this.#salt1 ^ ssrc,
      this.#salt2 ^ high,
      this.#salt3 ^ (low << 16),
      blocks,
    );
    for (let at = from, i = 0; at < to; at++, i++) packet[at]! ^= stream[i]!;
  }
}
