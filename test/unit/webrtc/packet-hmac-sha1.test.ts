import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { HmacSha1 } from '../../../src/webrtc/packet/hmac-sha1.ts';

/** SRTP's MAC always ends with one word, so a text's last four bytes go in that way. */
function mac(key: Buffer, text: Buffer, bytes = 20): string {
  const tag = new Uint8Array(bytes);
  new HmacSha1(key).sign(text, text.length - 4, text.readInt32BE(text.length - 4), tag);
  return Buffer.from(tag).toString('hex');
}

describe('HMAC-SHA1', () => {
  test.each([
    [1, Buffer.alloc(20, 0x0b), 'Hi There', 'b617318655057264e28bc0b6fb378c8ef146be00'],
    [2, Buffer.from('Jefe'), 'what do ya want for nothing?', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    [3, Buffer.alloc(20, 0xaa), Buffer.alloc(50, 0xdd), '125d7342b9ac11cd91a39af48aa17b4f63f175d3'],
    [
      4,
      Buffer.from(Array.from({ length: 25 }, (_, i) => i + 1)),
      Buffer.alloc(50, 0xcd),
      '4c9007f4026250c6bc8414f9bf50c86c2d7235da',
    ],
    [5, Buffer.alloc(20, 0x0c), 'Test With Truncation', '4c1a03424b55e07fe7f27be1d58bb9324a9a5a04'],
    [
      6,
      Buffer.alloc(80, 0xaa),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      'aa4ae5e15272d00e95705637ce8a3b55ed402112',
    ],
    [
      7,
      Buffer.alloc(80, 0xaa),
      'Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data',
      'e8e99d0f45237d786d6bbaa7965c7808bbff1a91',
    ],
  ])('gives case %i of RFC 2202', (_case, key, text, expected) => {
    expect(mac(key, Buffer.from(text))).toBe(expected);
  });

  test('truncates to the length of the tag', () => {
    expect(mac(Buffer.alloc(20, 0x0c), Buffer.from('Test With Truncation'), 12)).toBe('4c1a03424b55e07fe7f27be1');
  });

  test('agrees with OpenSSL at every length around its block borders, on one object', () => {
    const key = Buffer.from('0123456789abcdefghij');
    const ours = new HmacSha1(key);
    const tag = new Uint8Array(20);
    for (let length = 0; length <= 300; length++) {
      const text = Buffer.from(Array.from({ length: length + 4 }, (_, i) => (i * 37 + length) & 0xff));
      ours.sign(text, length, text.readInt32BE(length), tag);
      expect(Buffer.from(tag)).toEqual(createHmac('sha1', key).update(text).digest());
    }
  });
});
