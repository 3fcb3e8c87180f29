/**
 * Rules for whatever we reach over the network by an address that somebody gave us: which addresses it may have, and what
 * it says of when to come back.
 */

export { ADDRESS_REFUSED, type AddressRule, guardedLookup, isRefusedHost } from './address-rules.ts';
export { readRetryAfter } from './retry-after.ts';
