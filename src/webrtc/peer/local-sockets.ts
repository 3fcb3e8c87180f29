import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { LegNetwork } from '../leg.ts';
import { LegError } from '../leg-error.ts';
import { bindUdp, type UdpSocket } from './udp-socket.ts';

/**
 * Opens one socket on each local address that the network settings name, or on every usable address when they name none.
 *
 * @throws LegError `no_port` when nothing could be bound
 */
export async function openLocalSockets(network: LegNetwork): Promise<UdpSocket[]> {
  const named = network.bindAddresses.length > 0;
  const hosts = (named ? network.bindAddresses : usableAddresses()).filter(
    (host) => isIP(host) !== 0 && (network.ipv6 || isIP(host) === 4),
  );
  const sockets: UdpSocket[] = [];
  let reason = hosts.length === 0 ? 'no local address to use' : 'every port of the range is taken';
  let failed = false;
  for (const host of hosts) {
    try {
      const bound = await bindUdp(host, network.portRange);
      if (bound === null) failed = true;
      else sockets.push(bound);
    } catch (error) {
      failed = true;
      reason = `a local address cannot be bound (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`;
    }
  }
  // An address that was asked for by name must work; one that merely was there may be in the way of leaving.
  if (sockets.length === 0 || (named && failed)) {
    for (const { socket } of sockets) socket.close();
    throw new LegError('no_port', reason);
  }
  return sockets;
}

/** All addresses but loopback, link-local and unique-local; loopback when nothing else exists. */
function usableAddresses(): string[] {
  const found: string[] = [];
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, internal } of addresses ?? []) {
      // fe80::/10 needs a zone, fc00::/7 does not reach Meta (meta-calling.md §4.1); 169.254/16 reaches nobody.
      if (!internal && !/^(169\.254\.|fe[89ab]|f[cd])/i.test(address)) found.push(address);
    }
  }
  return found.length > 0 ? found : ['127.0.0.1'];
}
