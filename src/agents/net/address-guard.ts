import { guardedLookup as guardedBy, isRefusedHost } from '../../net/index.ts';

export { ADDRESS_REFUSED } from '../../net/index.ts';

/**
 * Whether an agent may not have this host as its address: link-local addresses and those of metadata services. Loopback and
 * private networks are where agents live.
 */
export function isForbiddenHost(host: string): boolean {
  return isRefusedHost(host, 'not_link_local');
}

/** A lookup that fails for a name with a forbidden address among its own. */
export const guardedLookup = guardedBy('not_link_local');
