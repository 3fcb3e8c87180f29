/** What was measured of one call's sound. Inbound means from the phone to us. Times in milliseconds. */
export interface CallQuality {
  readonly packetsReceived: number;
  readonly packetsLost: number;
  /** Arrived after their place had been played. */
  readonly packetsLate: number;
  readonly packetsDuplicate: number;
  readonly packetsSent: number;
  /** Made but not sent: before accept, or while media was not up. */
  readonly packetsWithheld: number;
  /** RFC 3550 interarrival jitter, last and worst. */
  readonly jitterMs: number;
  readonly jitterMaxMs: number;
  /** From RTCP; null while none was measured. */
  readonly rttMs: number | null;
  /** Loss that the phone reports of our sound, 0..1; null without RTCP. */
  readonly remoteLossRatio: number | null;
  readonly framesConcealed: number;
  readonly framesRecoveredByFec: number;
  readonly playoutUnderruns: number;
  /** Agent sound that was thrown away because its queue was full. */
  readonly agentAudioDroppedMs: number;
  /** Caller sound that was thrown away because the agent did not read. */
  readonly callerAudioDroppedMs: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Packets refused by SRTP: bad tag, replayed. */
  readonly srtpRefused: number;
  readonly dtmfReceived: number;
  /** From opening the leg until ICE and DTLS were up; null if they never were. */
  readonly mediaSetupMs: number | null;
  /** E-model estimate of what we heard, 1..4.5. */
  readonly mos: number | null;
}
