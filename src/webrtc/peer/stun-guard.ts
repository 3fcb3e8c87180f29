import { createHmac, timingSafeEqual } from 'node:crypto';

const HEADER_BYTES = 20;
const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const FINGERPRINT = 0x8028;
const INTEGRITY_BYTES = 20;

/**
 * True if a STUN request was made by somebody who knows our ICE password: USERNAME names our ufrag first, and
 * MESSAGE-INTEGRITY is right and last but for FINGERPRINT (RFC 8445 §7.3, RFC 8489 §14.5).
 *
 * werift 0.25.2 answers and believes requests without looking (media.md §1, table of faults), so that anybody who can
 * reach the port could have himself nominated. Upstream: https://github.com/shinyoshiaki/werift-webrtc/issues
 */
export function isAuthenticRequest(datagram: Buffer, ufrag: string, password: string): boolean {
  if (datagram.length < HEADER_BYTES || datagram.length !== HEADER_BYTES + datagram.readUInt16BE(2)) return false;
  let named = false;
  for (let at = HEADER_BYTES; at + 4 <= datagram.length; ) {
    const type = datagram.readUInt16BE(at);
    const length = datagram.readUInt16BE(at + 2);
    const end = at + 4 + length;
    if (end > datagram.length) return false;
    if (type === USERNAME) {
      named = datagram.toString('utf8', at + 4, end).startsWith(`${ufrag}:`);
    } else if (type === MESSAGE_INTEGRITY) {
      return (
        named && length === INTEGRITY_BYTES && hasRightIntegrity(datagram, at, password) && endsAfter(datagram, end)
      );
    }
    at = end + ((4 - (length % 4)) % 4);
  }
  return false;
}

/** The HMAC covers everything before the attribute, with a header length that ends behind it. */
function hasRightIntegrity(datagram: Buffer, at: number, password: string): boolean {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(at + 4 + INTEGRITY_BYTES - HEADER_BYTES);
  const expected = createHmac('sha1', password)
    .update(datagram.subarray(0, 2))
    .update(length)
    .update(datagram.subarray(4, at))
    .digest();
  return timingSafeEqual(expected, datagram.subarray(at + 4, at + 4 + INTEGRITY_BYTES));
}

/** Whatever follows MESSAGE-INTEGRITY was signed by nobody; only FINGERPRINT may. */
function endsAfter(datagram: Buffer, at: number): boolean {
  if (at === datagram.length) return true;
  return datagram.length === at + 8 && datagram.readUInt16BE(at) === FINGERPRINT;
}
