import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/webrtc/packet/rtp.ts';
import { SRTP_MAX_OVERHEAD } from '../../src/webrtc/packet/srtp.ts';
import { type SrtpKeys, type SrtpProfile, saltLength } from '../../src/webrtc/packet/srtp-keys.ts';

/** A plain packet with room for its protection behind it. */
export interface RoomyPacket {
  readonly buffer: Buffer;
  readonly length: number;
}

export const TEST_SSRC = 0xdecafbad;

export const srtpProfiles: readonly SrtpProfile[] = ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'];

export function srtpKeys(profile: SrtpProfile, seed = 1): SrtpKeys {
  return {
    masterKey: Buffer.from(Array.from({ length: 16 }, (_, i) => (i * 7 + seed) & 0xff)),
    masterSalt: Buffer.from(Array.from({ length: saltLength[profile] }, (_, i) => (i * 13 + seed * 3) & 0xff)),
  };
}

/** An Opus-sized packet; the payload is filled from the sequence number, so that each differs. */
export function rtpPacket(sequence: number, ssrc = TEST_SSRC, payloadBytes = 72): RoomyPacket {
  const length = RTP_HEADER_BYTES + payloadBytes;
  const buffer = Buffer.alloc(length + SRTP_MAX_OVERHEAD, (sequence * 31 + 5) & 0xff);
  writeRtpHeader(buffer, 111, false, sequence, sequence * 960, ssrc);
  return { buffer, length };
}

export function roomy(hex: string): RoomyPacket {
  const bytes = Buffer.from(hex, 'hex');
  return { buffer: Buffer.concat([bytes, Buffer.alloc(SRTP_MAX_OVERHEAD)]), length: bytes.length };
}
