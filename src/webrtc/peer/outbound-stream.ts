import { randomInt } from 'node:crypto';
import { DTMF_DIGITS } from '../packet/dtmf-digits.ts';
import { DtmfSender } from '../packet/dtmf-sender.ts';
import type { SenderInfo } from '../packet/rtcp-writer.ts';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../packet/rtp.ts';
import { SendStats } from '../packet/send-stats.ts';
import type { SrtpSender } from '../packet/srtp.ts';
import { SRTP_MAX_OVERHEAD } from '../packet/srtp.ts';
import { wallClock } from './wall-clock.ts';

/** Sends the first `length` bytes at once; the buffer is used again after the return. */
export type Transmit = (buffer: Buffer, length: number) => void;

export interface PayloadTypes {
  readonly opusPayloadType: number;
  readonly dtmfPayloadType: number | null;
}

/** RFC 6716 §3.4: the longest Opus packet. */
const MAX_OPUS_BYTES = 1_275;
const CLOCK_PER_MS = 48;
const FRAME_UNITS = 960;

/**
 * The one RTP stream that we send: one SSRC, sequence +1 and timestamp +960 each time, from random starts
 * (meta-calling.md §4.3). Every packet is written, protected and sent in one buffer.
 */
export class OutboundStream {
  readonly stats: SendStats;
  /** Packets that were not sent because the gate was closed or nothing was connected. */
  withheld = 0;
  readonly #ssrc: number;
  readonly #transmit: Transmit;
  readonly #buffer = Buffer.alloc(RTP_HEADER_BYTES + MAX_OPUS_BYTES + SRTP_MAX_OVERHEAD);
  readonly #dtmf = new DtmfSender();
  #srtp: SrtpSender | null = null;
  #payloadTypes: PayloadTypes | null = null;
  #gated = true;
  // In the lower half, so that no receiver meets a wrap before it knows the stream (RFC 3711 §3.3.1).
  #sequence = randomInt(0x8000);
  #timestamp = randomInt(0x1_0000_0000);
  #sentAt = 0;

  constructor(ssrc: number, transmit: Transmit) {
    this.#ssrc = ssrc;
    this.#transmit = transmit;
    this.stats = new SendStats(ssrc);
  }

  /** True when packets go out. */
  get open(): boolean {
    return this.#srtp !== null && !this.#gated;
  }

  ungate(): void {
    this.#gated = false;
  }

  connect(srtp: SrtpSender, payloadTypes: PayloadTypes): void {
    this.#srtp = srtp;
    this.#payloadTypes = payloadTypes;
  }

  close(): void {
    this.#srtp = null;
  }

  /** Queues keys; what is no key is left out. False, and nothing is queued, if too many wait or the phone takes none. */
  sendDtmf(digits: string): boolean {
    if (this.#payloadTypes !== null && this.#payloadTypes.dtmfPayloadType === null) return false;
    const keys = Array.from(digits.toUpperCase()).filter((digit) => DTMF_DIGITS.includes(digit));
    return this.#dtmf.enqueue(keys.join(''));
  }

  /** Sends one 20 ms Opus packet, or a telephone event in its place while keys are queued. */
  sendAudio(opus: Uint8Array, marker: boolean): void {
    const srtp = this.#srtp;
    const types = this.#payloadTypes;
    if (srtp === null || types === null || this.#gated || opus.length > MAX_OPUS_BYTES) {
      this.withheld += 1;
      return;
    }
    const event = types.dtmfPayloadType === null ? null : this.#dtmf.next();
    if (event === null || types.dtmfPayloadType === null) {
      this.#send(srtp, types.opusPayloadType, marker, this.#timestamp, opus);
    } else {
      const start = this.#timestamp - event.sinceStartMs * CLOCK_PER_MS;
      this.#send(srtp, types.dtmfPayloadType, event.marker, start, event.payload);
    }
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + FRAME_UNITS) % 0x1_0000_0000;
  }

  /** For an SR: what was sent up to now, and the RTP time of now. */
  describe(): SenderInfo {
    const wallMs = wallClock();
    const since = Math.round((wallMs - this.#sentAt) * CLOCK_PER_MS);
    return {
      wallMs,
      rtpTimestamp: this.#timestamp - FRAME_UNITS + since,
      packetsSent: this.stats.packets,
      octetsSent: this.stats.bytes,
    };
  }

  #send(srtp: SrtpSender, payloadType: number, marker: boolean, timestamp: number, payload: Uint8Array): void {
    const buffer = this.#buffer;
    writeRtpHeader(buffer, payloadType, marker, this.#sequence, timestamp, this.#ssrc);
    buffer.set(payload, RTP_HEADER_BYTES);
    this.#transmit(buffer, srtp.protectRtp(buffer, RTP_HEADER_BYTES + payload.length));
    this.stats.onPacket(payload.length);
    this.#sentAt = wallClock();
  }
}
