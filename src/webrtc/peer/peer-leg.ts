import type { MediaFailure } from '../../call/index.ts';
import type { Leg, LegListener, LegStats } from '../leg.ts';
import { LegError } from '../leg-error.ts';
import { isRtcp } from '../packet/rtp.ts';
import { createSrtpReceiver, createSrtpSender } from '../packet/srtp.ts';
import { parseAnswer, type RemoteDescription } from '../sdp/remote-description.ts';
import type { DtlsCertificate } from './certificate.ts';
import type { DtlsRole } from './dtls-proof.ts';
import { type DtlsKeys, DtlsSession } from './dtls-session.ts';
import type { IceAgent, IceListener } from './ice-agent.ts';
import { InboundStream } from './inbound-stream.ts';
import { OutboundStream } from './outbound-stream.ts';
import { requireReachable } from './require-reachable.ts';
import { RtcpExchange } from './rtcp-exchange.ts';

export interface PeerLegOptions {
  readonly localSdp: string;
  readonly ice: IceAgent;
  readonly certificate: DtlsCertificate;
  readonly ssrc: number;
  readonly cname: string;
  readonly ipv6: boolean;
  readonly listener: LegListener;
  /** Of `performance.now()`, when opening began. */
  readonly openedAt: number;
  readonly iceTimeoutMs: number;
  readonly dtlsTimeoutMs: number;
}

/** DTLS that comes before our own ICE is through is kept, so that nobody has to repeat it half a second later. */
const MAX_EARLY_DATAGRAMS = 8;

/** One leg from SDP to BYE: ICE, then DTLS, then SRTP. Everything it holds ends with `close`. */
export class PeerLeg implements Leg, IceListener {
  readonly localSdp: string;
  readonly #options: PeerLegOptions;
  readonly #outbound: OutboundStream;
  #remote: RemoteDescription | null = null;
  #dtls: DtlsSession | null = null;
  #early: Buffer[] | null = [];
  #media: { readonly inbound: InboundStream; readonly rtcp: RtcpExchange } | null = null;
  /** When there was all that is needed to connect; of `performance.now()`. */
  #setupFrom: number;
  #setupMs: number | null = null;
  #over = false;
  #closing: Promise<void> | null = null;

  constructor(options: PeerLegOptions) {
    this.#options = options;
    this.#setupFrom = options.openedAt;
    this.localSdp = options.localSdp;
    this.#outbound = new OutboundStream(options.ssrc, (buffer, length) => options.ice.send(buffer, length));
  }

  get connected(): boolean {
    return this.#media !== null && !this.#over;
  }

  async applyAnswer(sdp: string): Promise<void> {
    // One answer is for good: neither a copy of it nor another, good or bad, changes a leg that has one.
    if (this.#remote !== null || this.#over) return;
    const answer = parseAnswer(sdp);
    requireReachable(answer, this.#options.ipv6);
    this.#setupFrom = performance.now();
    this.start(answer, answer.setup === 'active' ? 'server' : 'client');
  }

  /** Starts ICE towards the other side, then DTLS in the given role. */
  start(remote: RemoteDescription, role: DtlsRole): void {
    const { ice, certificate, ipv6, iceTimeoutMs, dtlsTimeoutMs } = this.#options;
    this.#remote = remote;
    const dtls = new DtlsSession(role, certificate, remote.fingerprints, {
      send: (datagram) => ice.send(datagram, datagram.length),
      onKeys: (keys) => {
        this.#connect(keys, remote);
        // A client is never asked again; its handshake would only be kept in memory for the length of the call.
        if (role === 'client') this.#dtls = null;
      },
      onFailed: (error) => this.#fail(error.code, error.message),
    });
    this.#dtls = dtls;
    const candidates = ipv6 ? remote.candidates : remote.candidates.filter(({ host }) => !host.includes(':'));
    ice.connect({ ...remote, candidates }, iceTimeoutMs).then(
      () => {
        if (this.#over) return;
        dtls.start(dtlsTimeoutMs, ice.rttMs);
        for (const datagram of this.#early ?? []) dtls.receive(datagram);
        this.#early = null;
      },
      (error: unknown) => this.#fail('ice_failed', error instanceof Error ? error.message : String(error)),
    );
  }

  ungate(): void {
    this.#outbound.ungate();
  }

  sendAudio(opus: Uint8Array, marker: boolean): void {
    this.#outbound.sendAudio(opus, marker);
  }

  sendDtmf(digits: string): boolean {
    return this.#outbound.sendDtmf(digits);
  }

  stats(): LegStats {
    const sent = this.#outbound.stats;
    const inbound = this.#media?.inbound;
    const received = inbound?.stats;
    return {
      packetsReceived: received?.packets ?? 0,
      packetsLost: received?.lost ?? 0,
      packetsDuplicate: received?.duplicates ?? 0,
      packetsSent: sent.packets,
      packetsWithheld: this.#outbound.withheld,
      jitterMs: received?.jitterMs ?? 0,
      jitterMaxMs: received?.jitterMaxMs ?? 0,
      rttMs: sent.rttMs,
      remoteLossRatio: sent.remoteLossRatio,
      bytesReceived: received?.bytes ?? 0,
      bytesSent: sent.bytes,
      srtpRefused: (inbound?.refused ?? 0) + (this.#media?.rtcp.refused ?? 0),
      dtmfReceived: inbound?.dtmfReceived ?? 0,
      mediaSetupMs: this.#setupMs,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  onMedia(datagram: Buffer): void {
    const media = this.#media;
    if (media === null || this.#over || datagram.length < 2) return;
    if (isRtcp(datagram)) media.rtcp.receive(datagram, performance.now());
    else media.inbound.receive(datagram, performance.now());
  }

  onDtls(datagram: Buffer): void {
    if (this.#early === null) this.#dtls?.receive(datagram);
    else if (this.#early.length < MAX_EARLY_DATAGRAMS) this.#early.push(datagram);
  }

  onLost(): void {
    this.#fail('media_lost', 'the other side stopped answering ICE consent checks');
  }

  #connect(keys: DtlsKeys, remote: RemoteDescription): void {
    if (this.#over) return;
    const { ssrc, cname, listener, ice } = this.#options;
    const protect = createSrtpSender(keys.local, keys.profile, ssrc);
    const unprotect = createSrtpReceiver(keys.remote, keys.profile);
    const inbound = new InboundStream({
      opusPayloadType: remote.opusPayloadType,
      dtmfPayloadType: remote.dtmfPayloadType,
      declaredSsrc: remote.ssrc,
      srtp: unprotect,
      listener,
    });
    const outbound = this.#outbound;
    outbound.connect(protect, remote);
    const transmit = (buffer: Buffer, length: number) => ice.send(buffer, length);
    const rtcp = new RtcpExchange({ ssrc, cname, protect, unprotect, inbound, outbound, transmit, listener });
    this.#media = { inbound, rtcp };
    this.#setupMs = performance.now() - this.#setupFrom;
    listener.onConnected(this.#setupMs);
  }

  #fail(code: MediaFailure, detail: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.listener.onFailed(code, detail);
  }

  async #close(): Promise<void> {
    this.#over = true;
    this.#media?.rtcp.close();
    this.#outbound.close();
    this.#dtls?.close();
    this.#early = null;
    await this.#options.ice.close();
  }
}

/** An error of the system in a function that promises LegErrors. */
export function asLegError(error: unknown): LegError {
  return error instanceof LegError
    ? error
    : new LegError('internal', error instanceof Error ? error.message : String(error));
}
