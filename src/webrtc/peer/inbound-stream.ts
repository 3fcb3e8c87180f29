import type { LegListener } from '../leg.ts';
import { DtmfReceiver } from '../packet/dtmf-receiver.ts';
import { ReceiveStats } from '../packet/receive-stats.ts';
import { createRtpHeader, parseRtp } from '../packet/rtp.ts';
import { type SrtpReceiver, srtpRefusal } from '../packet/srtp.ts';
import { TimestampUnwrapper } from '../packet/timestamp-unwrapper.ts';
import type { PayloadTypes } from './outbound-stream.ts';

const CLOCK_RATE = 48_000;
const FRAME_UNITS = 960;
/** A source that was silent for so long may be followed by another. */
const SOURCE_SILENCE_MS = 500;

export interface InboundOptions extends PayloadTypes {
  readonly srtp: SrtpReceiver;
  /** The SSRC that the SDP declared, if any. */
  readonly declaredSsrc: number | null;
  readonly listener: LegListener;
}

/**
 * The sound that comes in. Packets are known by payload type, whatever their SSRC (Meta rewrites SSRCs); of two sources at
 * once the declared one is heard, else the one that was first. When the source changes, sequence and timestamp go on
 * without a jump.
 */
export class InboundStream {
  readonly stats = new ReceiveStats(CLOCK_RATE);
  refused = 0;
  readonly #options: InboundOptions;
  readonly #header = createRtpHeader();
  readonly #dtmf: DtmfReceiver;
  readonly #timestamps = new TimestampUnwrapper();
  #ssrc: number | null = null;
  #heardAt = 0;
  /** What to add to this source's numbers to go on from those of the one before. */
  #sequenceShift = 0;
  #timestampShift = 0;
  #lastSequence = -1;
  #lastTimestamp = 0;

  constructor(options: InboundOptions) {
    this.#options = options;
    this.#dtmf = new DtmfReceiver((digit, durationMs) => options.listener.onDtmf(digit, durationMs));
  }

  get dtmfReceived(): number {
    return this.#dtmf.received;
  }

  /** Takes one SRTP packet, which is decrypted in place. `arrivalMs` of `performance.now()`. */
  receive(packet: Buffer, arrivalMs: number): void {
    const { srtp, listener, opusPayloadType, dtmfPayloadType } = this.#options;
    const length = srtp.unprotectRtp(packet, packet.length);
    if (length < 0) {
      this.refused += 1;
      if (length === srtpRefusal.replayed) this.stats.onDuplicate();
      return;
    }
    listener.onActivity(arrivalMs);
    this.#dtmf.flush(arrivalMs);
    const header = this.#header;
    if (!parseRtp(packet, length, header) || !this.#follows(header.ssrc, arrivalMs)) return;
    this.stats.onPacket(header.ssrc, srtp.lastIndex, header.payloadLength);
    if (header.payloadType === opusPayloadType) {
      this.#deliver(packet, srtp.lastIndex, arrivalMs);
    } else if (header.payloadType === dtmfPayloadType) {
      const { payloadOffset, payloadLength, timestamp, marker } = header;
      this.#dtmf.onPacket(packet, payloadOffset, payloadLength, timestamp, marker, arrivalMs);
    }
  }

  /** Reports a key whose end was lost. To be called every few seconds at least. */
  flush(nowMs: number): void {
    this.#dtmf.flush(nowMs);
  }

  #deliver(packet: Buffer, index: number, arrivalMs: number): void {
    const { payloadOffset, payloadLength } = this.#header;
    const timestamp = this.#timestamps.unwrap(this.#header.timestamp);
    this.stats.onTiming(timestamp, arrivalMs);
    if (payloadLength === 0) return;
    if (Number.isNaN(this.#sequenceShift)) {
      this.#sequenceShift = this.#lastSequence + 1 - index;
      this.#timestampShift = this.#lastTimestamp + FRAME_UNITS - timestamp;
    }
    const sequence = index + this.#sequenceShift;
    const shifted = timestamp + this.#timestampShift;
    if (sequence > this.#lastSequence) {
      this.#lastSequence = sequence;
      this.#lastTimestamp = shifted;
    }
    const payload = packet.subarray(payloadOffset, payloadOffset + payloadLength);
    this.#options.listener.onAudio(payload, sequence, shifted, arrivalMs);
  }

  /** True if packets of this source are to be heard now. */
  #follows(ssrc: number, arrivalMs: number): boolean {
    if (ssrc !== this.#ssrc) {
      const silent = arrivalMs - this.#heardAt > SOURCE_SILENCE_MS;
      if (this.#ssrc !== null && !silent && ssrc !== this.#options.declaredSsrc) return false;
      // The first sound of the new source tells by how much its numbers differ.
      if (this.#lastSequence >= 0) this.#sequenceShift = Number.NaN;
      this.#ssrc = ssrc;
      this.#timestamps.reset();
      this.#dtmf.reset();
    }
    this.#heardAt = arrivalMs;
    return true;
  }
}
