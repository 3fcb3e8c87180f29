import { AesCmCipher } from './aes-cm-cipher.ts';
import { AesGcmCipher } from './aes-gcm-cipher.ts';
import type { SessionKeys, SrtpProfile } from './srtp-keys.ts';

/**
 * Encrypts and authenticates packets in place under the session keys of one direction. All lengths are those of the plain
 * packet in bytes; the protection stands behind it. It keeps no state between packets.
 */
export interface PacketCipher {
  /** Bytes that protection adds. */
  readonly rtpOverhead: number;
  readonly rtcpOverhead: number;
  /** Where the word with SRTCP's E flag and index stands, in bytes behind the plain packet. */
  readonly rtcpWordAt: number;
  /** `roc` as a 32-bit integer. */
  sealRtp(packet: Buffer, headerLength: number, length: number, roc: number): void;
  /** False, and the packet untouched, when the tag is wrong. */
  openRtp(packet: Buffer, headerLength: number, length: number, roc: number): boolean;
  /** Encrypts and writes tag and word. `word` has the E flag on top of the 31-bit index. */
  sealRtcp(packet: Buffer, length: number, word: number): void;
  /** False, and the packet untouched, when the tag is wrong. Decrypts only when the E flag is set. */
  openRtcp(packet: Buffer, length: number, word: number): boolean;
}

export function createPacketCipher(keys: SessionKeys, profile: SrtpProfile): PacketCipher {
  switch (profile) {
    case 'AES_CM_128_HMAC_SHA1_80':
      return new AesCmCipher(keys);
    case 'AEAD_AES_128_GCM':
      return new AesGcmCipher(keys);
    default:
      return profile satisfies never;
  }
}
