import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';

/** A datagram socket bound to one local address. */
export interface UdpSocket {
  readonly socket: Socket;
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/**
 * Binds a UDP socket to `host` on a free port of the inclusive range, or on any if `range` is null.
 *
 * werift probes a range with throw-away binds, which two calls of one moment can lose against each other; here the bind
 * itself is the probe. The search starts at a random port so that threads do not queue for the lowest.
 *
 * @returns null when every port of the range is taken
 * @throws the system's error when the address itself cannot be used
 */
export async function bindUdp(host: string, range: readonly [number, number] | null): Promise<UdpSocket | null> {
  if (range === null) return bindPort(host, 0);
  const [low, high] = range;
  const size = high - low + 1;
  const start = Math.floor(Math.random() * size);
  for (let offset = 0; offset < size; offset++) {
    const bound = await bindPort(host, low + ((start + offset) % size)).catch((error: NodeJS.ErrnoException) => {
      // EACCES: a port below 1024, or one that a local policy reserves. The next may be free.
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') return null;
      throw error;
    });
    if (bound !== null) return bound;
  }
  return null;
}

function bindPort(host: string, port: number): Promise<UdpSocket> {
  const family = isIP(host) === 6 ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    // Sockets of a leg send to IP addresses only. Node's own lookup would defer every send to the next tick, by when
    // the leg's send buffer may hold the next packet; and a name would reach the resolver.
    lookup: (address, _options, callback) => {
      const known = isIP(address);
      callback(known === 0 ? new Error('not an IP address') : null, address, known);
    },
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // An ICMP error of a send some time ago is nobody's business; without a listener it would end the thread.
      socket.on('error', () => {});
      resolve({ socket, host, port: socket.address().port, family });
    });
  });
}
