import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** `code` of the error that a guarded lookup ends with. */
export const ADDRESS_REFUSED = 'TALKWIRE_ADDRESS_REFUSED';

/** Addresses at which clouds hand out credentials; most of the others are link-local. */
const METADATA_ADDRESSES = new Set([
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd20:ce::254',
]);
const METADATA_NAMES = new Set(['metadata.google.internal', 'metadata', 'instance-data']);

/**
 * Whether an agent may not have this host as its address: link-local addresses and those of metadata services. Loopback and
 * private networks are where agents live. `host` as URL.hostname gives it; a name is only judged by its text, its addresses
 * are for `guardedLookup`.
 */
export function isForbiddenHost(host: string): boolean {
  const bare = host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  return METADATA_NAMES.has(bare) || isForbiddenAddress(bare);
}

function isForbiddenAddress(text: string): boolean {
  // The zone of an IPv6 address says by which door it is reached, and nothing about who it is.
  const bare = text.replace(/%.*$/, '');
  if (!ipaddr.isValid(bare)) return false;
  const address = plainAddress(ipaddr.parse(bare));
  const range = address.range();
  return range === 'linkLocal' || range === 'unspecified' || METADATA_ADDRESSES.has(address.toString());
}

/** An IPv4 address in IPv6 clothes (mapped, or for a NAT64) is judged as what it is. */
function plainAddress(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address.kind() !== 'ipv6') return address;
  const range = address.range();
  return range === 'ipv4Mapped' || range === 'rfc6052' ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}

/** `dns.lookup` that fails for a name with a forbidden address among its own, so that no name leads past the check. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0);
    if (addresses.some(({ address }) => isForbiddenAddress(address))) {
      return callback(Object.assign(new Error('address refused'), { code: ADDRESS_REFUSED }), '', 0);
    }
    const first = addresses[0];
    if (options.all === true) callback(null, addresses);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  });
};
