import { LegError } from '../leg-error.ts';
import type { RemoteDescription } from '../sdp/remote-description.ts';

/**
 * An ICE-lite side never comes to us, so it must name an address that we can go to.
 *
 * @throws LegError `bad_offer`
 */
export function requireReachable({ iceLite, candidates }: RemoteDescription, ipv6: boolean): void {
  const usable = candidates.some(({ host }) => ipv6 || !host.includes(':'));
  if (iceLite && !usable) {
    throw new LegError('bad_offer', `no a=candidate with a UDP ${ipv6 ? 'IP' : 'IPv4'} address`);
  }
}
