import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Message } from 'werift';
import { isAuthenticRequest } from '../../../src/webrtc/peer/stun-guard.ts';

const UFRAG = 'ourUfrag';
const PASSWORD = 'ourPasswordOfEnoughBits0';

function bindingRequest(username = `${UFRAG}:theirs`): Message {
  return new Message(1, 0).setAttribute('USERNAME', username).setAttribute('PRIORITY', 1) as Message;
}

function signed(password = PASSWORD, username?: string): Buffer {
  return bindingRequest(username).addMessageIntegrity(Buffer.from(password)).addFingerprint().bytes;
}

describe('a STUN request', () => {
  test('that is signed with our password for our ufrag is authentic', () => {
    expect(isAuthenticRequest(signed(), UFRAG, PASSWORD)).toBe(true);
  });

  test('that ends with MESSAGE-INTEGRITY, without FINGERPRINT, is authentic', () => {
    const request = bindingRequest().addMessageIntegrity(Buffer.from(PASSWORD)).bytes;
    expect(isAuthenticRequest(request, UFRAG, PASSWORD)).toBe(true);
  });

  test.each([
    ['with another password', signed('guessed')],
    ['for another ufrag', signed(PASSWORD, 'theirs:ourUfrag')],
    ['for a ufrag that only begins like ours', signed(PASSWORD, `${UFRAG}2:theirs`)],
    ['without signature', bindingRequest().addFingerprint().bytes],
    [
      'without username',
      (new Message(1, 0).setAttribute('PRIORITY', 1) as Message).addMessageIntegrity(Buffer.from(PASSWORD)).bytes,
    ],
    ['that is empty', Buffer.alloc(0)],
    ['that is a header only', Buffer.alloc(20)],
  ])('%s is not authentic', (_what, request) => {
    expect(isAuthenticRequest(request, UFRAG, PASSWORD)).toBe(false);
  });

  test('with USE-CANDIDATE slipped in behind the signature is not authentic', () => {
    const request = Buffer.concat([
      bindingRequest().addMessageIntegrity(Buffer.from(PASSWORD)).bytes,
      Buffer.from([0, 0x25, 0, 0]),
    ]);
    request.writeUInt16BE(request.length - 20, 2);
    expect(isAuthenticRequest(request, UFRAG, PASSWORD)).toBe(false);
  });

  test('of which any one bit before FINGERPRINT was changed is not authentic', () => {
    const request = signed();
    fc.assert(
      fc.property(fc.nat((request.length - 8) * 8 - 1), (bit) => {
        const changed = Buffer.from(request);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        return !isAuthenticRequest(changed, UFRAG, PASSWORD);
      }),
      { numRuns: 1_000 },
    );
  });

  test('of any bytes is never authentic and never throws', () => {
    const noise = fc.uint8Array({ minLength: 16, maxLength: 200 }).map((bytes) => {
      const request = Buffer.concat([Buffer.from([0, 1, 0, 0]), bytes]);
      request.writeUInt16BE(Math.max(0, request.length - 20), 2);
      return request;
    });
    fc.assert(
      fc.property(noise, (request) => !isAuthenticRequest(request, UFRAG, PASSWORD)),
      { numRuns: 2_000 },
    );
  });
});
