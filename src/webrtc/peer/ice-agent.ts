import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Candidate,
  type CandidatePair,
  CandidatePairState,
  Connection,
  type Protocol,
  serverReflexiveCandidate,
} from 'werift';
import type { LegNetwork } from '../leg.ts';
import type { SdpCandidate } from '../sdp/candidate.ts';
import type { RemoteDescription } from '../sdp/remote-description.ts';
import { iceServerOptions } from './ice-servers.ts';
import { IceSocket } from './ice-socket.ts';
import { openLocalSockets } from './local-sockets.ts';
import { isAuthenticRequest } from './stun-guard.ts';

/** Called synchronously for every datagram that is not STUN. The buffer belongs to the listener. */
export interface IceListener {
  onMedia(datagram: Buffer): void;
  /** Only from addresses that ICE deals with. */
  onDtls(datagram: Buffer): void;
  /** Consent ran out after the agent was connected (RFC 7675: 30 s without an answer). */
  onLost(): void;
}

/** `full` sends checks; `lite` only answers them, as Meta's edge does. */
export type IceMode = 'full' | 'lite';

export type RemoteIce = Pick<RemoteDescription, 'iceLite' | 'iceUfrag' | 'icePwd' | 'candidates'>;

/** Servers that do not answer may not hold up the answer of a call that rings. */
const SERVER_TIMEOUT_MS = 1_500;
/** Meta's edge may not listen before it has our answer; a pair that failed is tried again this often. */
const RETRY_MS = 400;
/** Meta offers 96 and 144 bits; RFC 8445 asks at least 24 and 128. werift 0.25.2 makes 16 and 88. */
const UFRAG_BYTES = 12;
const PASSWORD_BYTES = 18;
const HOST_TYPE_PREFERENCE = 126;
const MAX_PROVEN = 16;

/**
 * ICE for one component, by werift's `Connection` on sockets of ours. What we do not leave to werift 0.25.2 (media.md
 * §1, table of faults): binding, credentials, the default STUN server, and the authentication of requests.
 */
export class IceAgent {
  readonly ufrag: string;
  readonly pwd: string;
  readonly #connection: Connection;
  readonly #sockets: IceSocket[] = [];
  readonly #announcedIp: string | null;
  readonly #listener: IceListener;
  /** Who proved to know our password, before we may know of them by SDP. */
  readonly #proven = new Set<string>();
  /** Ends the wait for a pair: werift's own promise stays open for good when its connection is closed. */
  readonly #patience = new AbortController();
  #closed = false;
  #connected = false;
  #route: Route | null = null;

  private constructor(network: LegNetwork, mode: IceMode, controlling: boolean, listener: IceListener) {
    const servers = iceServerOptions(network.iceServers);
    // Host candidates come from our sockets; werift gathers only what needs TURN.
    this.#connection = new Connection(controlling, {
      ...servers,
      iceLite: mode === 'lite',
      useIpv4: false,
      useIpv6: false,
    });
    // Left alone it would be Google's; its type does not know that it may be undefined.
    Object.assign(this.#connection, { stunServer: servers.stunServer });
    this.ufrag = randomBytes(UFRAG_BYTES).toString('base64');
    this.pwd = randomBytes(PASSWORD_BYTES).toString('base64');
    this.#connection.localUsername = this.ufrag;
    this.#connection.localPassword = this.pwd;
    this.#connection.userHistory = { [this.ufrag]: this.pwd };
    this.#announcedIp = network.announcedIp;
    this.#listener = listener;
    this.#connection.onData.subscribe((datagram) => this.#receive(datagram, null));
    this.#connection.stateChanged.subscribe((state) => {
      if (state === 'failed' && this.#connected && !this.#closed) this.#listener.onLost();
    });
  }

  /**
   * Binds sockets and collects candidates. A STUN or TURN server that does not answer within 1.5 s is left out.
   *
   * @throws LegError `no_port`
   */
  static async gather(
    network: LegNetwork,
    mode: IceMode,
    controlling: boolean,
    listener: IceListener,
  ): Promise<IceAgent> {
    const sockets = await openLocalSockets(network);
    const agent = new IceAgent(network, mode, controlling, listener);
    const inner = agent.#connection as unknown as Inner;
    for (const [index, udp] of sockets.entries()) {
      const socket = new IceSocket(udp, hostPriority(index), agent.ufrag, (datagram, host, port) =>
        agent.#receive(datagram, { host, port }),
      );
      agent.#sockets.push(socket);
      agent.#guard(socket.protocol);
      inner.ensureProtocol(socket.protocol);
      inner.protocols.push(socket.protocol);
    }
    const gathering = Promise.all([agent.#connection.gatherCandidates(), agent.#askStunServer()]).then(async () => {
      for (const protocol of inner.protocols) if (isRelay(protocol)) agent.#guard(protocol);
      // An allocation that came after the end would keep its socket.
      if (agent.#closed) await agent.#connection.close();
    });
    const patience = new AbortController();
    await Promise.race([gathering, delay(SERVER_TIMEOUT_MS, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    return agent;
  }

  /** For the SDP. With an announced address, that stands in place of the local ones of its family. */
  get candidates(): SdpCandidate[] {
    return this.#connection.localCandidates.map((candidate) => this.#describe(candidate));
  }

  /**
   * Runs the checks until a pair is nominated.
   *
   * @throws Error when none was within `timeoutMs`, or the agent was closed meanwhile
   */
  async connect(remote: RemoteIce, timeoutMs: number): Promise<void> {
    const connection = this.#connection;
    connection.setRemoteParams({
      iceLite: remote.iceLite,
      usernameFragment: remote.iceUfrag,
      password: remote.icePwd,
    });
    for (const candidate of remote.candidates) await connection.addRemoteCandidate(toWerift(candidate));
    // Without any, the other side is found by its own checks, and werift has to keep waiting for them.
    if (remote.candidates.length > 0) await connection.addRemoteCandidate(undefined);

    const retry = setInterval(() => this.#retryFailed(), RETRY_MS);
    try {
      await Promise.race([
        connection.connect(),
        delay(timeoutMs, undefined, { signal: this.#patience.signal }).then(() => {
          throw new Error(`no candidate pair worked within ${timeoutMs} ms`);
        }),
      ]);
    } finally {
      clearInterval(retry);
      this.#patience.abort();
    }
    if (this.#closed) throw new Error('closed');
    this.#connected = true;
  }

  /** Round trip of the nominated pair's check, 0 while unknown. A lite agent measures none. */
  get rttMs(): number {
    return (this.#connection.nominated?.rtt ?? 0) * 1_000;
  }

  /** Sends on the nominated pair; does nothing while there is none. The buffer may be used again after the return. */
  send(buffer: Buffer, length: number): void {
    this.#route ??= this.#findRoute();
    if (this.#closed) return;
    this.#route?.(buffer, length);
  }

  /** Idempotent. All descriptors are closed when it resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#route = null;
    this.#patience.abort();
    await Promise.all([this.#connection.close(), ...this.#sockets.map((socket) => socket.close())]);
  }

  #receive(datagram: Buffer, sender: Sender | null): void {
    const first = datagram[0];
    if (first === undefined || this.#closed) return;
    // RFC 7983 §7
    if (first >= 128 && first <= 191) this.#listener.onMedia(datagram);
    else if (first >= 20 && first <= 63 && this.#isKnown(sender)) this.#listener.onDtls(datagram);
  }

  /** A relay forwards only those for whom we asked permission. */
  #isKnown(sender: Sender | null): boolean {
    if (sender === null || this.#proven.has(`${sender.host} ${sender.port}`)) return true;
    return this.#connection.candidatePairs.some(
      ({ remoteCandidate }) => remoteCandidate.host === sender.host && remoteCandidate.port === sender.port,
    );
  }

  /** Puts the check of MESSAGE-INTEGRITY before everything that werift does with a request. */
  #guard(protocol: Protocol): void {
    const believe = protocol.onRequestReceived.execute;
    protocol.onRequestReceived.execute = (message, address, datagram) => {
      if (!isAuthenticRequest(datagram, this.ufrag, this.pwd)) return;
      if (this.#proven.size < MAX_PROVEN) this.#proven.add(`${address[0]} ${address[1]}`);
      believe(message, address, datagram);
    };
    if (isRelay(protocol)) protocol.turn.transport.socket?.on('error', () => {});
  }

  async #askStunServer(): Promise<void> {
    const { stunServer } = this.#connection;
    if (stunServer === undefined || this.#connection.iceLite) return;
    await Promise.all(
      this.#sockets.map(async ({ protocol, host, port }) => {
        const candidate = await serverReflexiveCandidate(protocol, stunServer);
        if (candidate === undefined || this.#closed) return;
        candidate.relatedPort = port;
        if (candidate.host !== host || candidate.port !== port) this.#connection.localCandidates.push(candidate);
      }),
    );
  }

  #retryFailed(): void {
    const connection = this.#connection;
    if (connection.iceLite || connection.nominated !== undefined) return;
    for (const pair of connection.candidatePairs) {
      if (pair.state === CandidatePairState.FAILED) pair.handle = connection.checkStart(pair);
    }
  }

  #findRoute(): Route | null {
    const pair: CandidatePair | undefined = this.#connection.nominated;
    if (pair === undefined) return null;
    const [host, port] = pair.remoteAddr;
    const direct = this.#sockets.find(({ protocol }) => protocol === pair.protocol);
    if (direct !== undefined) return (buffer, length) => direct.send(buffer, length, port, host);
    // werift frames for the relay a few ticks later, so it gets bytes of its own.
    return (buffer, length) => {
      pair.protocol.sendData(Buffer.from(buffer.subarray(0, length)), [host, port]).catch(() => {});
    };
  }

  #describe(candidate: Candidate): SdpCandidate {
    const { foundation, priority, host, port, relatedAddress, relatedPort } = candidate;
    const type = candidate.type === 'srflx' || candidate.type === 'relay' ? candidate.type : 'host';
    const announced = this.#announcedIp;
    const replaced = type === 'host' && announced !== null && announced.includes(':') === host.includes(':');
    return {
      foundation,
      priority,
      host: replaced ? announced : host,
      port,
      type,
      related:
        relatedAddress === undefined || relatedPort === undefined ? null : { host: relatedAddress, port: relatedPort },
    };
  }
}

type Route = (buffer: Buffer, length: number) => void;

interface Sender {
  readonly host: string;
  readonly port: number;
}

/** The two members of werift's Connection that are private in its types and that own sockets need; pinned version. */
interface Inner {
  readonly protocols: Protocol[];
  ensureProtocol(protocol: Protocol): void;
}

interface RelayProtocol extends Protocol {
  readonly turn: { readonly transport: { readonly socket?: { on(event: 'error', listener: () => void): void } } };
}

function isRelay(protocol: Protocol): protocol is RelayProtocol {
  return protocol.type === 'turn';
}

function hostPriority(index: number): number {
  return HOST_TYPE_PREFERENCE * 2 ** 24 + (65_535 - index) * 2 ** 8 + 255;
}

function toWerift({ foundation, priority, host, port, type }: SdpCandidate): Candidate {
  return new Candidate(foundation, 1, 'udp', priority, host, port, type === 'prflx' ? 'srflx' : type);
}
