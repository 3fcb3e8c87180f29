import {
  createPulledFrame,
  JitterBuffer,
  levelDb,
  PlayoutQueue,
  type PullResult,
  SILENCE_DB,
  samplesPerFrame,
} from '../audio/index.ts';
import type { CallQuality, SampleRate } from '../call/index.ts';
import {
  createOpusDecoder,
  createOpusEncoder,
  OPUS_SILENCE,
  type OpusDecoder,
  type OpusEncoder,
} from '../webrtc/index.ts';

/** The encoder gets real silence for this long after speech, so that its state decays; then a constant packet does. */
const HANGOVER_FRAMES = 10;

/** One 20 ms frame of the caller's sound. Reused by the next pull. */
export interface CallerFrame {
  pcm: Int16Array;
  concealed: boolean;
}

type Losses = Pick<CallQuality, 'remoteLossRatio' | 'packetsLost' | 'packetsReceived'>;

/** One 20 ms frame to the phone. Reused by the next pull. */
export interface OutgoingFrame {
  packet: Uint8Array;
  /** First packet of a talkspurt. */
  marker: boolean;
  playout: PullResult;
}

/**
 * The sound of one call between Opus and PCM at the agent's rate, both directions: jitter buffer and decoder one way,
 * playout queue and encoder the other. libopus works at the agent's rate directly, so nothing is resampled.
 */
export class SoundPath {
  readonly sampleRate: SampleRate;
  readonly jitter = new JitterBuffer();
  readonly playout: PlayoutQueue;
  readonly #decoder: OpusDecoder;
  readonly #encoder: OpusEncoder;
  readonly #pulled = createPulledFrame();
  readonly #playoutPcm: Int16Array;
  readonly #caller: CallerFrame;
  readonly #outgoing: OutgoingFrame;
  #hangover = 0;
  #complexity: number | null = null;
  #callerDb = SILENCE_DB;
  #agentDb = SILENCE_DB;

  private constructor(sampleRate: SampleRate, decoder: OpusDecoder, encoder: OpusEncoder) {
    this.sampleRate = sampleRate;
    this.#decoder = decoder;
    this.#encoder = encoder;
    this.playout = new PlayoutQueue({ sampleRate });
    this.#playoutPcm = new Int16Array(samplesPerFrame(sampleRate));
    this.#caller = { pcm: new Int16Array(samplesPerFrame(sampleRate)), concealed: false };
    this.#outgoing = {
      packet: OPUS_SILENCE,
      marker: false,
      playout: { kind: 'silence', talkspurt: false, marks: [], drained: false },
    };
  }

  /** Makes the codecs. `sampleRate` in Hz is the agent's, both ways. */
  static async open(sampleRate: SampleRate): Promise<SoundPath> {
    const encoder = await createOpusEncoder(sampleRate);
    try {
      return new SoundPath(sampleRate, await createOpusDecoder(sampleRate), encoder);
    } catch (error) {
      encoder.close();
      throw error;
    }
  }

  /** The caller's next 20 ms; `now` in milliseconds of the monotonic clock is when they were due. */
  pullCaller(now: number): CallerFrame {
    this.jitter.pull(now, this.#pulled);
    const frame = this.#caller;
    frame.pcm = this.#decoder.decodeFrame(this.#pulled);
    frame.concealed = this.#pulled.kind === 'conceal' || this.#pulled.kind === 'fec';
    const db = levelDb(frame.pcm);
    this.jitter.noteLevel(db);
    this.#callerDb = Math.max(this.#callerDb, db);
    return frame;
  }

  /** The phone's next packet. A complexity is 0..10, of the Opus encoder. */
  pullOutgoing(complexity: number): OutgoingFrame {
    if (complexity !== this.#complexity) {
      this.#encoder.setComplexity(complexity);
      this.#complexity = complexity;
    }
    const out = this.#outgoing;
    out.playout = this.playout.pull(this.#playoutPcm);
    out.marker = out.playout.talkspurt;
    if (out.playout.kind === 'audio') {
      this.#hangover = HANGOVER_FRAMES;
      this.#agentDb = Math.max(this.#agentDb, levelDb(this.#playoutPcm));
    } else if (this.#hangover > 0) {
      this.#hangover -= 1;
    }
    out.packet = this.#hangover > 0 ? this.#encoder.encode(this.#playoutPcm) : OPUS_SILENCE;
    return out;
  }

  /**
   * Prepares the encoder for the loss that the phone reports; without reports, for the loss of the other direction. In-band
   * FEC costs fidelity, so it is only bought where packets are lost.
   */
  expectLoss({ remoteLossRatio, packetsLost, packetsReceived }: Losses): void {
    const inbound = packetsLost / Math.max(1, packetsLost + packetsReceived);
    this.#encoder.setPacketLoss(Math.min(100, Math.round(100 * (remoteLossRatio ?? inbound))));
  }

  /** Loudest frame of each direction since the last time, dBFS. */
  takeLevels(): { callerDb: number; agentDb: number } {
    const levels = { callerDb: this.#callerDb, agentDb: this.#agentDb };
    this.#callerDb = SILENCE_DB;
    this.#agentDb = SILENCE_DB;
    return levels;
  }

  close(): void {
    this.#decoder.close();
    this.#encoder.close();
  }
}
