/** What a simulated phone heard and noticed. Times in Unix milliseconds with fractions, durations in milliseconds. */
export interface PhoneReport {
  /** 16 kHz, mono. Sample i was due at the ear at `heardStartMs + i / 16`. Empty if nothing came. */
  readonly heard: Int16Array;
  readonly heardStartMs: number | null;
  /** When the packet of each 20 ms of `heard` really came; NaN for one that never did. */
  readonly heardArrivalsMs: Float64Array;
  /** The phone's fixed playout delay, contained in `heardStartMs`. */
  readonly playoutMs: number;
  /** 16 kHz, mono: what the phone said, and when its first packet left. */
  readonly spoken: Int16Array;
  readonly spokenStartMs: number | null;
  readonly packetsSent: number;
  /** Different packets that arrived. */
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly packetsDuplicate: number;
  /** Arrived too late for the fixed playout. They are in `heard` all the same. */
  readonly packetsLate: number;
  /** Of the packets between the first and the last that arrived, 0..1. */
  readonly lossRatio: number;
  /** Times that 40 ms or more passed between two arrivals. */
  readonly gaps: number;
  readonly maxGapMs: number;
  /** From the moment that the call was picked up to the first packet; null if none came or it never was. */
  readonly firstMediaMs: number | null;
  /** RTP packets that came before it was picked up: a breach of meta-calling.md §4.5. */
  readonly mediaBeforeAccept: number;
  /** Keys that the bridge pressed. */
  readonly dtmfHeard: string;
  /** Of RTCP, as far as the bridge sends it. */
  readonly rttMs: number | null;
  readonly remoteLossRatio: number | null;
  readonly byeReceived: boolean;
}
