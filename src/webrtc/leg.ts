import type { CallQuality, MediaFailure } from '../call/index.ts';

/** How a leg reaches the network. Times in milliseconds. */
export interface LegNetwork {
  /** Inclusive UDP port range for media, or null for any. */
  readonly portRange: readonly [number, number] | null;
  /** Address to announce instead of the local one (1:1 NAT), or null. */
  readonly announcedIp: string | null;
  /** Local addresses to use; empty means all but loopback, unless nothing else exists. */
  readonly bindAddresses: readonly string[];
  readonly ipv6: boolean;
  readonly iceServers: readonly IceServer[];
}

export interface IceServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

/**
 * One media leg: ICE, DTLS-SRTP, RTP. Made by `openAnsweringLeg` or `openOfferingLeg`.
 * Gated until `ungate`: before that, no RTP leaves, not even silence (meta-calling.md §4.5).
 */
export interface Leg {
  /** Our answer or offer; the same bytes every time. */
  readonly localSdp: string;
  readonly connected: boolean;
  /**
   * Takes the other side's answer. Does nothing on a leg that answered, that has an answer, or that is over.
   *
   * @throws LegError `bad_offer` with what is wrong in the answer; another one may follow
   */
  applyAnswer(sdp: string): Promise<void>;
  ungate(): void;
  /**
   * Sends one 20 ms Opus packet; sequence number +1 and timestamp +960 each time, one SSRC for life. Dropped while gated
   * or not connected. `marker` is set on the first packet of a talkspurt.
   */
  sendAudio(opus: Uint8Array, marker: boolean): void;
  /**
   * Queues RFC 4733 events; they go out in place of audio packets of the following `sendAudio` calls. Characters that are
   * no keys are left out. False, and nothing is queued, when the other side did not agree to telephone-event or more than
   * 128 keys would wait.
   */
  sendDtmf(digits: string): boolean;
  stats(): LegStats;
  /** Sends RTCP BYE if media flowed, closes sockets. Idempotent. Sockets are gone when it resolves (< 1 s). */
  close(): Promise<void>;
}

/** Called synchronously on the packet path: must not throw or block. */
export interface LegListener {
  /** ICE and DTLS are up and the peer proved its key. `setupMs`: since the leg began to open, or took its answer. */
  onConnected(setupMs: number): void;
  /** The leg failed before or after it was connected; it is closed by its owner. */
  onFailed(code: MediaFailure, detail: string): void;
  /**
   * An Opus packet, authenticated and not a replay, in arrival order. `payload` is valid only until the return.
   * `sequence` is extended to 32 bits or more (never wraps); `timestamp` is RTP's own 48 kHz clock, unwrapped likewise.
   */
  onAudio(payload: Uint8Array, sequence: number, timestamp: number, arrivalMs: number): void;
  /** Once per key press. */
  onDtmf(digit: string, durationMs: number): void;
  /** Any authenticated RTP or RTCP came; for the watchdog. */
  onActivity(arrivalMs: number): void;
  /** The other side said RTCP BYE. */
  onBye(): void;
}

/** The part of the call's quality that the leg can know. */
export type LegStats = Pick<
  CallQuality,
  | 'packetsReceived'
  | 'packetsLost'
  | 'packetsDuplicate'
  | 'packetsSent'
  | 'jitterMs'
  | 'jitterMaxMs'
  | 'rttMs'
  | 'remoteLossRatio'
  | 'bytesReceived'
  | 'bytesSent'
  | 'srtpRefused'
  | 'dtmfReceived'
  | 'mediaSetupMs'
> & {
  /** Audio packets that were not sent: the gate was closed, or nothing was connected. */
  readonly packetsWithheld: number;
};
