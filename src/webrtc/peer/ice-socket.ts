import type { Socket } from 'node:dgram';
import { type Address, Candidate, candidateFoundation, StunProtocol, type UdpTransport } from 'werift';
import type { UdpSocket } from './udp-socket.ts';

/** Takes what is not STUN. `host` and `port` are the sender's. */
export type DatagramListener = (datagram: Buffer, host: string, port: number) => void;

/**
 * One local socket as werift's ICE wants to see it. STUN goes to werift; media and DTLS never enter it.
 * The two members of StunProtocol that are private in its types are named in `Inner`; the version is pinned.
 */
export class IceSocket {
  readonly protocol: StunProtocol;
  readonly host: string;
  readonly port: number;
  readonly #socket: Socket;
  #closing: Promise<void> | null = null;

  constructor(udp: UdpSocket, priority: number, ufrag: string, listener: DatagramListener) {
    this.#socket = udp.socket;
    this.host = udp.host;
    this.port = udp.port;
    this.protocol = new StunProtocol();
    const inner = this.protocol as unknown as Inner;
    inner.transport = this.#transport(udp);
    this.protocol.localIp = udp.host;
    this.protocol.localCandidate = new Candidate(
      candidateFoundation('host', 'udp', udp.host),
      1,
      'udp',
      priority,
      udp.host,
      udp.port,
      'host',
      undefined,
      undefined,
      undefined,
      0,
      ufrag,
    );
    udp.socket.on('message', (datagram, sender) => {
      const first = datagram[0];
      if (first === undefined) return;
      if (first > 3) listener(datagram, sender.address, sender.port);
      else inner.datagramReceived(datagram, [sender.address, sender.port]);
    });
  }

  /** Sends the first `length` bytes at once; the buffer may be used again after the return. */
  send(buffer: Buffer, length: number, port: number, host: string): void {
    if (this.#closing === null) this.#socket.send(buffer, 0, length, port, host);
  }

  /** Resolves when the descriptor is closed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#socket.close(() => resolve()));
    return this.#closing;
  }

  #transport({ socket, family }: UdpSocket): WeriftTransport {
    const isClosed = () => this.#closing !== null;
    return {
      type: 'udp',
      socket,
      addressFamily: family,
      get closed() {
        return isClosed();
      },
      address: socket.address(),
      onData: () => {},
      send: async (data, address) => {
        if (address !== undefined) this.send(data, data.length, address[1], address[0]);
      },
      close: () => this.close(),
    };
  }
}

type WeriftTransport = Pick<
  UdpTransport,
  'type' | 'socket' | 'addressFamily' | 'closed' | 'address' | 'onData' | 'send' | 'close'
>;

interface Inner {
  transport: WeriftTransport;
  datagramReceived(data: Buffer, address: Address): void;
}
