import { createCipheriv } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AesGcmCipher } from '../../../src/webrtc/packet/aes-gcm-cipher.ts';
import { CounterKeystream } from '../../../src/webrtc/packet/counter-keystream.ts';
import { createSrtpReceiver, createSrtpSender } from '../../../src/webrtc/packet/srtp.ts';
import { deriveSessionKeys } from '../../../src/webrtc/packet/srtp-keys.ts';
import { roomy, srtpKeys } from '../../support/rtp-packet.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('AES-CM keystream (RFC 3711 B.2)', () => {
  const keystream = new CounterKeystream(hex('2b7e151628aed2a6abf7158809cf4f3c'));
  const from = (counter: number): string =>
    keystream.generate(0xf0f1f2f3, 0xf4f5f6f7, 0xf8f9fafb, 0xfcfd0000 | counter, 3).toString('hex');

  test('begins as the RFC says', () => {
    expect(from(0)).toBe(
      'e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0',
    );
  });

  test('carries from one byte of the counter into the next', () => {
    expect(from(0xfeff)).toBe(
      'ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae6a2cc3787889374fbeb4c81b17ba6c44',
    );
  });
});

describe('key derivation', () => {
  const master = {
    masterKey: hex('e1f97a0d3e018be0d64fa32c06de4139'),
    masterSalt: hex('0ec675ad498afeebb6960b3aabe6'),
  };

  test('gives the session keys of RFC 3711 B.3', () => {
    const { rtp } = deriveSessionKeys(master, 'AES_CM_128_HMAC_SHA1_80');
    expect(rtp.cipherKey.toString('hex')).toBe('c61e7a93744f39ee10734afe3ff7a087');
    expect(rtp.salt.toString('hex')).toBe('30cbbc08863d8c85d49db34a9ae1');
    expect(rtp.authKey.toString('hex')).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
  });

  test('uses labels 3, 4 and 5 for SRTCP', () => {
    const { rtcp } = deriveSessionKeys(master, 'AES_CM_128_HMAC_SHA1_80');
    expect(rtcp.cipherKey.toString('hex')).toBe('4c1aa45a81f73d61c800bbb00fbb1eaa');
    expect(rtcp.authKey.toString('hex')).toBe('8d54534feb49ae8e7993a6bd0b844fc323a93dfd');
    expect(rtcp.salt.toString('hex')).toBe('9581c7ad87b3e530bf3e4454a8b3');
  });

  test('takes a 12-byte salt as if two zero bytes followed it (RFC 7714 §11)', () => {
    const short = { masterKey: master.masterKey, masterSalt: master.masterSalt.subarray(0, 12) };
    const padded = { masterKey: master.masterKey, masterSalt: Buffer.concat([short.masterSalt, Buffer.alloc(2)]) };
    const aead = deriveSessionKeys(short, 'AEAD_AES_128_GCM');
    const counterMode = deriveSessionKeys(padded, 'AES_CM_128_HMAC_SHA1_80');
    expect(aead.rtp.cipherKey).toEqual(counterMode.rtp.cipherKey);
    expect(aead.rtcp.salt).toEqual(counterMode.rtcp.salt.subarray(0, 12));
  });

  test.each([
    ['AES_CM_128_HMAC_SHA1_80', 16, 12],
    ['AEAD_AES_128_GCM', 16, 14],
    ['AES_CM_128_HMAC_SHA1_80', 32, 14],
  ] as const)('refuses %s with a key of %i and a salt of %i bytes', (profile, key, salt) => {
    const keys = { masterKey: Buffer.alloc(key), masterSalt: Buffer.alloc(salt) };
    expect(() => deriveSessionKeys(keys, profile)).toThrow(RangeError);
  });
});

describe('AES_CM_128_HMAC_SHA1_80, whole packets as libsrtp checks itself with', () => {
  const keys = {
    masterKey: hex('e1f97a0d3e018be0d64fa32c06de4139'),
    masterSalt: hex('0ec675ad498afeebb6960b3aabe6'),
  };
  const rtp = `800f1234decafbadcafebabe${'ab'.repeat(16)}`;
  const srtp = '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb';
  const rtcp = `81c8000bcafebabe${'ab'.repeat(16)}`;
  const srtcp = '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798';

  test('RTP', () => {
    const packet = roomy(rtp);
    const length = createSrtpSender(keys, 'AES_CM_128_HMAC_SHA1_80', 0xcafebabe).protectRtp(
      packet.buffer,
      packet.length,
    );
    expect(packet.buffer.toString('hex', 0, length)).toBe(srtp);
    const plain = createSrtpReceiver(keys, 'AES_CM_128_HMAC_SHA1_80').unprotectRtp(packet.buffer, length);
    expect(packet.buffer.toString('hex', 0, plain)).toBe(rtp);
  });

  test('RTCP with index 1, our second', () => {
    const sender = createSrtpSender(keys, 'AES_CM_128_HMAC_SHA1_80', 0xcafebabe);
    const first = roomy(rtcp);
    sender.protectRtcp(first.buffer, first.length);
    const packet = roomy(rtcp);
    const length = sender.protectRtcp(packet.buffer, packet.length);
    expect(packet.buffer.toString('hex', 0, length)).toBe(srtcp);
    const plain = createSrtpReceiver(keys, 'AES_CM_128_HMAC_SHA1_80').unprotectRtcp(packet.buffer, length);
    expect(packet.buffer.toString('hex', 0, plain)).toBe(rtcp);
  });
});

describe('AEAD_AES_128_GCM (RFC 7714 §16 and §17, stated in session keys)', () => {
  const stream = {
    cipherKey: hex('000102030405060708090a0b0c0d0e0f'),
    authKey: Buffer.alloc(0),
    salt: hex('517569642070726f2071756f'),
  };
  const cipher = new AesGcmCipher({ rtp: stream, rtcp: stream });
  const rtp = '8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573';
  const srtp =
    '8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce';
  const rtcp = `81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61${'deadbeef'.repeat(5)}`;
  const srtcp =
    '81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4';
  const srtcpTagOnly = `${rtcp}841dd9683dd78ec92ae58790125f62b3000005d4`;

  test('RTP (§16.1)', () => {
    const packet = roomy(rtp);
    cipher.sealRtp(packet.buffer, 12, packet.length, 0);
    expect(packet.buffer.toString('hex', 0, packet.length + cipher.rtpOverhead)).toBe(srtp);
    expect(cipher.openRtp(packet.buffer, 12, packet.length, 0)).toBe(true);
    expect(packet.buffer.toString('hex', 0, packet.length)).toBe(rtp);
  });

  test('RTCP (§17.1)', () => {
    const word = 0x800005d4 | 0;
    const packet = roomy(rtcp);
    cipher.sealRtcp(packet.buffer, packet.length, word);
    expect(packet.buffer.toString('hex', 0, packet.length + cipher.rtcpOverhead)).toBe(srtcp);
    expect(cipher.openRtcp(packet.buffer, packet.length, word)).toBe(true);
    expect(packet.buffer.toString('hex', 0, packet.length)).toBe(rtcp);
  });

  test('RTCP that is authenticated and not encrypted (§17.3)', () => {
    const packet = roomy(srtcpTagOnly);
    expect(cipher.openRtcp(packet.buffer, rtcp.length / 2, 0x5d4)).toBe(true);
    expect(packet.buffer.toString('hex', 0, rtcp.length / 2)).toBe(rtcp);
  });

  test('agrees with OpenSSL at every payload length, with CSRCs and an extension in the clear part', () => {
    const keys = srtpKeys('AEAD_AES_128_GCM');
    const session = deriveSessionKeys(keys, 'AEAD_AES_128_GCM').rtp;
    for (let payload = 0; payload <= 100; payload++) {
      const header = hex('92600007000003c0cafebabe0102030405060708bede0001aabbccdd');
      const text = Buffer.alloc(payload, payload + 1);
      const iv = Buffer.alloc(12);
      header.copy(iv, 2, 8, 12);
      header.copy(iv, 10, 2, 4);
      for (let i = 0; i < 12; i++) iv[i]! ^= session.salt[i]!;
      const openssl = createCipheriv('aes-128-gcm', session.cipherKey, iv).setAAD(header);
      const expected = Buffer.concat([header, openssl.update(text), openssl.final(), openssl.getAuthTag()]);
      const packet = roomy(Buffer.concat([header, text]).toString('hex'));
      const length = createSrtpSender(keys, 'AEAD_AES_128_GCM', 0xcafebabe).protectRtp(packet.buffer, packet.length);
      expect(packet.buffer.subarray(0, length)).toEqual(expected);
    }
  });
});
