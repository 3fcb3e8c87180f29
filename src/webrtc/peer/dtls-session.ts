import { type CipherContext, DtlsClient, DtlsServer, type DtlsSocket } from 'werift';
import { LegError } from '../leg-error.ts';
import { type SrtpKeys, type SrtpProfile, saltLength } from '../packet/srtp-keys.ts';
import type { DtlsCertificate } from './certificate.ts';
import { DtlsProof, type DtlsRole, HandshakeType } from './dtls-proof.ts';
import { type Handshake, HandshakeQueue } from './handshake-queue.ts';

export interface DtlsListener {
  /** The buffer may be sent later, it is not used again. */
  send(datagram: Buffer): void;
  onKeys(keys: DtlsKeys): void;
  /** Before `onKeys` only, and once. */
  onFailed(error: LegError): void;
}

/** SRTP master keys and salts of both directions, by the DTLS exporter (RFC 5764 §4.2). */
export interface DtlsKeys {
  readonly profile: SrtpProfile;
  readonly local: SrtpKeys;
  readonly remote: SrtpKeys;
}

/** By number of RFC 5764 and RFC 7714, in our order of preference: the first costs us less (media.md §1). */
const PROFILES: readonly { id: 1 | 7; name: SrtpProfile }[] = [
  { id: 1, name: 'AES_CM_128_HMAC_SHA1_80' },
  { id: 7, name: 'AEAD_AES_128_GCM' },
];
const KEY_BYTES = 16;
const RECORD_HEADER_BYTES = 13;
const HANDSHAKE_RECORD = 22;

/**
 * When a flight is repeated, ms. RFC 6347 §4.2.4.1 says one second, werift half of one; browsers begin at 50 ms, because the
 * path was just measured by ICE. It matters here: our hello mostly comes before Meta has our answer.
 */
const FIRST_REPEAT_MS = 50;
const REPEAT_MS = 200;

/** What werift says after 33 s of its own repetitions. How long we are patient is our caller's choice. */
const WERIFT_GAVE_UP = 'over retransmitCount';

/** werift stops its retransmission timers when it believes to be past every flight. */
const PAST_ALL_FLIGHTS = 99;

/**
 * One DTLS 1.2 handshake by werift's client or server, with an ordered input (HandshakeQueue), a peer that must prove
 * its key (DtlsProof), and retransmissions that a replay window lets through.
 */
export class DtlsSession {
  readonly #role: DtlsRole;
  readonly #socket: DtlsSocket;
  readonly #queue = new HandshakeQueue();
  readonly #proof: DtlsProof;
  readonly #listener: DtlsListener;
  readonly #handle: (messages: Handshake[]) => Promise<void>;
  #state: 'handshake' | 'connected' | 'failed' | 'closed' = 'handshake';
  #deadline: NodeJS.Timeout | null = null;
  #helloSeen = false;
  /** What we sent since the peer last said something new. */
  #flight: Buffer[] = [];
  #repeat: NodeJS.Timeout | null = null;
  #firstRepeatMs = FIRST_REPEAT_MS;
  #finishedSequence: number | null = null;

  /** `fingerprints`: SHA-256 in lower-case hex, of the SDP. */
  constructor(role: DtlsRole, certificate: DtlsCertificate, fingerprints: readonly string[], listener: DtlsListener) {
    this.#role = role;
    this.#listener = listener;
    this.#proof = new DtlsProof(role, fingerprints);
    const options: ConstructorParameters<typeof DtlsClient>[0] = {
      cert: certificate.certPem,
      key: certificate.keyPem,
      signatureHash: certificate.signatureHash,
      transport: {
        type: 'leg',
        address: { address: '', family: '', port: 0 },
        closed: false,
        onData: () => {},
        send: async (datagram) => this.#send(datagram),
        close: async () => {},
      },
      srtpProfiles: PROFILES.map(({ id }) => id),
      extendedMasterSecret: true,
      certificateRequest: role === 'server',
    };
    this.#socket = role === 'client' ? new DtlsClient(options) : new DtlsServer(options);
    this.#handle = this.#socket.onHandleHandshakes;
    this.#socket.handleFragmentHandshake = (fragments) => {
      for (const fragment of fragments) this.#accept(fragment);
      return [];
    };
    this.#socket.onConnect.subscribe(() => this.#finish());
    this.#socket.onError.subscribe((error: unknown) => this.#broke(error));
  }

  /** Begins: the client speaks, the server waits. Fails after `timeoutMs` without keys. `rttMs` as ICE measured it. */
  start(timeoutMs: number, rttMs = 0): void {
    this.#firstRepeatMs = FIRST_REPEAT_MS + 2 * rttMs;
    this.#deadline = setTimeout(
      () => this.#fail(new LegError('dtls_failed', `no DTLS handshake within ${timeoutMs} ms`)),
      timeoutMs,
    );
    if (this.#socket instanceof DtlsClient) {
      this.#socket.connect().catch((error: unknown) => this.#broke(error));
    }
  }

  /** Takes a datagram whose first byte says DTLS. Never throws. */
  receive(datagram: Buffer): void {
    // A client that is done waits for nothing; a server may have to repeat its last flight.
    const open = this.#state === 'handshake' || (this.#state === 'connected' && this.#role === 'server');
    if (!open || datagram.length < RECORD_HEADER_BYTES) return;
    try {
      this.#socket.transport.socket.onData(datagram, ['', 0]);
    } catch {
      // Not a DTLS record: werift reads the length of one that is cut off.
    }
  }

  /** Idempotent; stops all timers within werift's next retransmission step. */
  close(): void {
    if (this.#state !== 'failed') this.#state = 'closed';
    this.#stop();
  }

  #stop(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
    this.#endFlight();
    this.#socket.dtls.flight = PAST_ALL_FLIGHTS;
  }

  #accept(fragment: Handshake): void {
    if (fragment.message_seq < this.#queue.next) {
      if (this.#asksForRepeat(fragment)) {
        this.#endFlight();
        this.#pass(fragment);
      }
      return;
    }
    if (this.#state !== 'handshake') return;
    if (fragment.msg_type === HandshakeType.serverHello && !this.#helloSeen) {
      this.#helloSeen = true;
      this.#queue.startAt(fragment.message_seq);
    }
    this.#queue.add(fragment);
    for (let message = this.#queue.take(); message !== null; message = this.#queue.take()) {
      try {
        this.#proof.examine(message.msg_type, message.fragment, this.#view());
      } catch (error) {
        this.#fail(toLegError(error));
        return;
      }
      this.#endFlight();
      this.#pass(message);
    }
  }

  #pass(message: Handshake): void {
    this.#handle([message]).catch((error: unknown) => this.#broke(error));
  }

  /** An old message shows that our last flight was lost. Where werift answers it with that flight, it may pass. */
  #asksForRepeat({ msg_type: type, fragment, fragment_length: have, length }: Handshake): boolean {
    if (have !== length) return false;
    const { flight } = this.#socket.dtls;
    if (this.#role === 'client') return type === HandshakeType.serverHelloDone && flight === 5;
    if (type === HandshakeType.finished) return flight === 6;
    // A first hello that comes once more after the second would make werift choose new keys.
    return type === HandshakeType.clientHello && (flight === 2 || (flight === 4 && hasCookie(fragment)));
  }

  #view(): Parameters<DtlsProof['examine']>[2] {
    const { cipher, dtls } = this.#socket;
    return {
      clientRandom: () => (this.#role === 'client' ? cipher.localRandom : cipher.remoteRandom).serialize(),
      transcript: () => Buffer.concat(dtls.sortedHandshakeCache.map((message) => message.serialize())),
      masterSecret: () => cipher.masterSecret,
    };
  }

  #finish(): void {
    if (this.#state !== 'handshake') return;
    const profile = PROFILES.find(({ id }) => id === this.#socket.srtp.srtpProfile);
    if (profile === undefined) {
      this.#fail(new LegError('dtls_failed', 'the peer agreed to no SRTP profile'));
      return;
    }
    this.#state = 'connected';
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
    this.#endFlight();
    const keys = this.#socket.extractSessionKeys(KEY_BYTES, saltLength[profile.name]);
    this.#listener.onKeys({
      profile: profile.name,
      local: { masterKey: keys.localKey, masterSalt: keys.localSalt },
      remote: { masterKey: keys.remoteKey, masterSalt: keys.remoteSalt },
    });
  }

  #broke(error: unknown): void {
    if (!(error instanceof Error && error.message.startsWith(WERIFT_GAVE_UP))) this.#fail(toLegError(error));
  }

  #fail(error: LegError): void {
    if (this.#state !== 'handshake') return;
    this.#state = 'failed';
    this.#stop();
    this.#listener.onFailed(error);
  }

  #send(datagram: Buffer): void {
    if (this.#state === 'closed' || this.#state === 'failed') return;
    // werift repeats with the same buffers.
    if (!this.#flight.includes(datagram)) this.#flight.push(datagram);
    if (this.#state === 'handshake') this.#repeat ??= this.#repeatIn(this.#firstRepeatMs);
    this.#emit(datagram);
  }

  #emit(datagram: Buffer): void {
    this.#listener.send(this.#isFinished(datagram) ? this.#renumber(datagram) : datagram);
  }

  #repeatIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      for (const datagram of this.#flight) this.#emit(datagram);
      this.#repeat = this.#repeatIn(Math.max(REPEAT_MS, this.#firstRepeatMs));
    }, ms);
  }

  #endFlight(): void {
    if (this.#repeat !== null) clearTimeout(this.#repeat);
    this.#repeat = null;
    this.#flight = [];
  }

  #isFinished(datagram: Buffer): boolean {
    return datagram[0] === HANDSHAKE_RECORD && datagram.readUInt16BE(3) === 1;
  }

  /**
   * werift repeats its Finished byte for byte. A peer with a replay window (RFC 6347 §4.1.2.6) drops that, and if its own
   * last flight was lost, waits for ever; so every repetition is sealed under a number of its own.
   */
  #renumber(datagram: Buffer): Buffer {
    if (this.#finishedSequence === null) {
      this.#finishedSequence = datagram.readUIntBE(5, 6);
      return datagram;
    }
    this.#finishedSequence += 1;
    const { dtls, cipher } = this.#socket;
    const finished = dtls.sortedHandshakeCache.findLast((message) => message.msg_type === HandshakeType.finished);
    if (finished === undefined) return datagram;
    const plain = finished.serialize();
    const sealed = cipher.encryptPacket({
      recordLayerHeader: {
        contentType: HANDSHAKE_RECORD,
        protocolVersion: dtls.version,
        epoch: 1,
        sequenceNumber: this.#finishedSequence,
        contentLen: plain.length,
      },
      fragment: plain,
    } as Parameters<CipherContext['encryptPacket']>[0]).fragment;
    const record = Buffer.concat([datagram.subarray(0, RECORD_HEADER_BYTES), sealed]);
    record.writeUIntBE(this.#finishedSequence, 5, 6);
    record.writeUInt16BE(sealed.length, 11);
    return record;
  }
}

/** RFC 6347 §4.2.1: version, random, session id, cookie. */
function hasCookie(clientHello: Buffer): boolean {
  const sessionIdLength = clientHello[34];
  return sessionIdLength !== undefined && (clientHello[35 + sessionIdLength] ?? 0) > 0;
}

function toLegError(error: unknown): LegError {
  if (error instanceof LegError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new LegError('dtls_failed', detail === '' ? 'the DTLS handshake broke' : detail);
}
