import { lookup as dnsLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * - `not_link_local`: everything but link-local addresses and those of metadata services; loopback and private networks are
 *   where an operator's own machines live
 * - `public`: of these, only what is reachable from everywhere
 */
export type AddressRule = 'not_link_local' | 'public';

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
 * Whether this host is refused. `host` as URL.hostname gives it; a name is only judged by its text, its addresses are for
 * `guardedLookup`.
 */
export function isRefusedHost(host: string, rule: AddressRule): boolean {
  const bare = host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (METADATA_NAMES.has(bare)) return true;
  if (rule === 'public' && /(^|\.)localhost$/.test(bare)) return true;
  return isRefusedAddress(bare, rule);
}

function isRefusedAddress(text: string, rule: AddressRule): boolean {
  // The zone of an IPv6 address says by which door it is reached, and nothing about who it is.
  const bare = text.replace(/%.*$/, '');
  if (!ipaddr.isValid(bare)) return false;
  const address = plainAddress(ipaddr.parse(bare));
  if (METADATA_ADDRESSES.has(address.toString())) return true;
  const range = address.range();
  switch (rule) {
    case 'not_link_local':
      return range === 'linkLocal' || range === 'unspecified';
    case 'public':
      return range !== 'unicast' || !isGlobal(address);
    default:
      return rule satisfies never;
  }
}

/** An IPv4 address in IPv6 clothes (mapped, or for a NAT64) is judged as what it is. */
function plainAddress(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address.kind() !== 'ipv6') return address;
  const range = address.range();
  return range === 'ipv4Mapped' || range === 'rfc6052' ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}

/** All of IPv6 that was ever given out is in 2000::/3 (RFC 4291 §2.4); `::127.0.0.1` is not. */
function isGlobal(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address.kind() === 'ipv4' || (address.toByteArray()[0]! & 0xe0) === 0x20;
}

/**
 * A lookup for connections that fails for a name with a refused address among its own, so that no name leads past the check:
 * what was checked is what is connected to.
 */
export function guardedLookup(rule: AddressRule, lookup: LookupFunction = dnsLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0);
      const addresses = Array.isArray(found) ? found : [];
      if (addresses.some(({ address }) => isRefusedAddress(address, rule))) {
        return callback(Object.assign(new Error('address refused'), { code: ADDRESS_REFUSED }), '', 0);
      }
      const first = addresses[0];
      if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };
}
