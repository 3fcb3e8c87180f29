/**
 * What SRTP costs per packet: `node test/load/srtp.ts [--packets 20000] [--rounds 9]`.
 * Compares the packet path with werift's and with one cipher object per packet, for 72 bytes of payload (20 ms of Opus).
 * Prints a table of medians in microseconds and closes with one line of JSON.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { parseArgs } from 'node:util';
import { RtpHeader, SrtpSession } from 'werift';
import { writeRtpHeader } from '../../src/webrtc/packet/rtp.ts';
import { createSrtpReceiver, createSrtpSender } from '../../src/webrtc/packet/srtp.ts';
import { deriveSessionKeys, type SrtpKeys, type SrtpProfile, saltLength } from '../../src/webrtc/packet/srtp-keys.ts';

const PAYLOAD = 72;
const HEADER = 12;
const SSRC = 0xdecafbad;
const ROOM = 128;

const { values } = parseArgs({
  options: { packets: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '9' } },
});
const packets = Number(values.packets);
const rounds = Number(values.rounds);

interface Contender {
  readonly name: string;
  /** Makes new state and returns what is timed: one pass over all packets. */
  protect(profile: SrtpProfile, plain: Buffer[]): () => void;
  unprotect(profile: SrtpProfile, sealed: Buffer[]): () => void;
}

const weriftProfiles = { AES_CM_128_HMAC_SHA1_80: 1, AEAD_AES_128_GCM: 7 } as const;

const contenders: readonly Contender[] = [
  {
    name: 'talkwire',
    protect(profile, plain) {
      const sender = createSrtpSender(keysOf(profile), profile, SSRC);
      return () => {
        for (const packet of plain) sender.protectRtp(packet, HEADER + PAYLOAD);
      };
    },
    unprotect(profile, sealed) {
      const receiver = createSrtpReceiver(keysOf(profile), profile);
      const length = HEADER + PAYLOAD + tagLength(profile);
      return () => {
        for (const packet of sealed) {
          if (receiver.unprotectRtp(packet, length) < 0) throw new Error('refused');
        }
      };
    },
  },
  {
    name: 'werift',
    protect(profile, plain) {
      const session = weriftSession(profile);
      return () => {
        for (const packet of plain) {
          const header = RtpHeader.deSerialize(packet);
          session.encrypt(packet.subarray(HEADER, HEADER + PAYLOAD), header);
        }
      };
    },
    unprotect(profile, sealed) {
      const session = weriftSession(profile);
      const length = HEADER + PAYLOAD + tagLength(profile);
      return () => {
        for (const packet of sealed) session.decrypt(packet.subarray(0, length));
      };
    },
  },
  {
    name: 'cipher object per packet',
    protect(profile, plain) {
      const { rtp } = deriveSessionKeys(keysOf(profile), profile);
      return () => {
        for (const packet of plain) {
          const body = packet.subarray(HEADER, HEADER + PAYLOAD);
          if (profile === 'AES_CM_128_HMAC_SHA1_80') {
            createCipheriv('aes-128-ctr', rtp.cipherKey, iv(packet, rtp.salt, 16))
              .update(body)
              .copy(body);
            const tag = createHmac('sha1', rtp.authKey)
              .update(packet.subarray(0, HEADER + PAYLOAD))
              .update(ROC)
              .digest();
            tag.copy(packet, HEADER + PAYLOAD, 0, 10);
          } else {
            const cipher = createCipheriv('aes-128-gcm', rtp.cipherKey, iv(packet, rtp.salt, 12));
            cipher.setAAD(packet.subarray(0, HEADER));
            cipher.update(body).copy(body);
            cipher.final();
            cipher.getAuthTag().copy(packet, HEADER + PAYLOAD);
          }
        }
      };
    },
    unprotect(profile, sealed) {
      const { rtp } = deriveSessionKeys(keysOf(profile), profile);
      return () => {
        for (const packet of sealed) {
          const body = packet.subarray(HEADER, HEADER + PAYLOAD);
          if (profile === 'AES_CM_128_HMAC_SHA1_80') {
            const tag = createHmac('sha1', rtp.authKey)
              .update(packet.subarray(0, HEADER + PAYLOAD))
              .update(ROC)
              .digest();
            if (tag.compare(packet, HEADER + PAYLOAD, HEADER + PAYLOAD + 10, 0, 10) !== 0) throw new Error('refused');
            createDecipheriv('aes-128-ctr', rtp.cipherKey, iv(packet, rtp.salt, 16))
              .update(body)
              .copy(body);
          } else {
            const cipher = createDecipheriv('aes-128-gcm', rtp.cipherKey, iv(packet, rtp.salt, 12));
            cipher.setAAD(packet.subarray(0, HEADER));
            cipher.setAuthTag(packet.subarray(HEADER + PAYLOAD, HEADER + PAYLOAD + 16));
            cipher.update(body).copy(body);
            cipher.final();
          }
        }
      };
    },
  },
];

const ROC = Buffer.alloc(4);
const results: Record<string, number> = {};

console.log(`us per packet, ${PAYLOAD} B payload, Node ${process.version}, median of ${rounds} x ${packets}`);
console.log(`${'profile'.padEnd(25)}${'way'.padEnd(27)}${'protect'.padStart(9)}${'unprotect'.padStart(11)}`);
for (const profile of ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'] as const) {
  for (const contender of contenders) {
    const protect = median(() => contender.protect(profile, plainPackets()));
    const unprotect = median(() => contender.unprotect(profile, sealedPackets(profile)));
    results[`${profile} ${contender.name} protect`] = protect;
    results[`${profile} ${contender.name} unprotect`] = unprotect;
    const figures = `${protect.toFixed(2).padStart(9)}${unprotect.toFixed(2).padStart(11)}`;
    console.log(`${profile.padEnd(25)}${contender.name.padEnd(27)}${figures}`);
  }
}
console.log(JSON.stringify({ benchmark: 'srtp', node: process.version, payloadBytes: PAYLOAD, usPerPacket: results }));

/** Microseconds per packet. The first two rounds warm up and do not count. */
function median(prepare: () => () => void): number {
  const times: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const run = prepare();
    const start = process.hrtime.bigint();
    run();
    const took = Number(process.hrtime.bigint() - start) / 1000 / packets;
    if (round >= 0) times.push(took);
  }
  times.sort((a, b) => a - b);
  return Math.round(times[Math.floor(times.length / 2)]! * 1000) / 1000;
}

function plainPackets(): Buffer[] {
  return Array.from({ length: packets }, (_, i) => {
    const packet = Buffer.alloc(ROOM, i & 0xff);
    writeRtpHeader(packet, 111, false, i + 1, i * 960, SSRC);
    return packet;
  });
}

function sealedPackets(profile: SrtpProfile): Buffer[] {
  const sender = createSrtpSender(keysOf(profile), profile, SSRC);
  const sealed = plainPackets();
  for (const packet of sealed) sender.protectRtp(packet, HEADER + PAYLOAD);
  return sealed;
}

function keysOf(profile: SrtpProfile): SrtpKeys {
  return { masterKey: Buffer.alloc(16, 7), masterSalt: Buffer.alloc(saltLength[profile], 9) };
}

function weriftSession(profile: SrtpProfile): SrtpSession {
  const { masterKey, masterSalt } = keysOf(profile);
  const keys = {
    localMasterKey: masterKey,
    localMasterSalt: masterSalt,
    remoteMasterKey: masterKey,
    remoteMasterSalt: masterSalt,
  };
  return new SrtpSession({ keys, profile: weriftProfiles[profile] });
}

function tagLength(profile: SrtpProfile): number {
  return profile === 'AES_CM_128_HMAC_SHA1_80' ? 10 : 16;
}

/** The IV of the first cycle: SSRC at byte 4 (AES-CM) or 2 (GCM), the sequence number at 12 or 10. */
function iv(packet: Buffer, salt: Buffer, length: 16 | 12): Buffer {
  const vector = Buffer.alloc(length);
  const shift = length - 12;
  packet.copy(vector, 2 + shift / 2, 8, 12);
  packet.copy(vector, length === 16 ? 12 : 10, 2, 4);
  for (let i = 0; i < salt.length; i++) vector[i]! ^= salt[i]!;
  return vector;
}
