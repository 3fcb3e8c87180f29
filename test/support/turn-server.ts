import dgram from 'node:dgram';
import { once } from 'node:events';
import { type Address, Message, makeIntegrityKey, parseMessage } from 'werift';

const REALM = 'test';
const NONCE = Buffer.from('nonce');
const ALLOCATE = 0x003;
const REFRESH = 0x004;
const CREATE_PERMISSION = 0x008;
const CHANNEL_BIND = 0x009;
const SUCCESS = 0x100;
const ERROR = 0x110;

/**
 * A TURN server for one client, with one peer that lives at `peerShown` as seen through the relay and at `peerReal` in
 * truth: an address that cannot be reached directly.
 */
export class TurnServer {
  readonly username = 'user';
  readonly credential = 'secret';
  relayed = 0;
  readonly #server = dgram.createSocket('udp4');
  readonly #relay = dgram.createSocket('udp4');
  readonly #key = makeIntegrityKey(this.username, REALM, this.credential);
  readonly #peerShown: Address;
  readonly #peerReal: Address;
  #client: dgram.RemoteInfo | null = null;
  #channel = 0;

  private constructor(peerShown: Address, peerReal: Address) {
    this.#peerShown = peerShown;
    this.#peerReal = peerReal;
    this.#server.on('message', (datagram, from) => this.#fromClient(datagram, from));
    this.#relay.on('message', (datagram) => this.#toClient(datagram));
  }

  static async open(peerShown: Address, peerReal: Address): Promise<TurnServer> {
    const turn = new TurnServer(peerShown, peerReal);
    for (const socket of [turn.#server, turn.#relay]) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    return turn;
  }

  get url(): string {
    return `turn:127.0.0.1:${this.#server.address().port}`;
  }

  close(): void {
    this.#server.close();
    this.#relay.close();
  }

  #fromClient(datagram: Buffer, from: dgram.RemoteInfo): void {
    this.#client = from;
    if (datagram.readUInt16BE(0) === this.#channel) {
      this.#relay.send(datagram.subarray(4, 4 + datagram.readUInt16BE(2)), this.#peerReal[1], this.#peerReal[0]);
      return;
    }
    const request = parseMessage(datagram);
    if (request === undefined) return;
    const reply =
      parseMessage(datagram, this.#key) === undefined ? this.#challenge(request) : this.#grant(request, from);
    this.#server.send(reply.bytes, from.port, from.address);
  }

  #challenge(request: Message): Message {
    return new Message(request.messageMethod, ERROR, request.transactionId)
      .setAttribute('ERROR-CODE', [401, 'Unauthorized'])
      .setAttribute('REALM', REALM)
      .setAttribute('NONCE', NONCE) as Message;
  }

  #grant(request: Message, from: dgram.RemoteInfo): Message {
    const reply = new Message(request.messageMethod, SUCCESS, request.transactionId);
    switch (request.messageMethod as number) {
      case ALLOCATE:
        reply
          .setAttribute('XOR-RELAYED-ADDRESS', ['127.0.0.1', this.#relay.address().port])
          .setAttribute('XOR-MAPPED-ADDRESS', [from.address, from.port])
          .setAttribute('LIFETIME', 600);
        break;
      case REFRESH:
        reply.setAttribute('LIFETIME', 600);
        break;
      case CHANNEL_BIND:
        this.#channel = request.getAttributeValue('CHANNEL-NUMBER');
        break;
      case CREATE_PERMISSION:
        break;
    }
    return reply.addMessageIntegrity(this.#key).addFingerprint();
  }

  #toClient(datagram: Buffer): void {
    if (this.#client === null || this.#channel === 0) return;
    const framed = Buffer.alloc(4 + datagram.length);
    framed.writeUInt16BE(this.#channel, 0);
    framed.writeUInt16BE(datagram.length, 2);
    datagram.copy(framed, 4);
    this.relayed += 1;
    this.#server.send(framed, this.#client.port, this.#client.address);
  }

  /** The offer of a peer, with the address that only the relay can reach. */
  hide(offer: string): string {
    return offer.replaceAll(`${this.#peerReal[0]} ${this.#peerReal[1]}`, this.#peerShown.join(' '));
  }
}
