import { DTMF_DIGITS } from './dtmf-digits.ts';

/** Durations count in 8 kHz units whatever the clock of the timestamps is (meta-calling.md §4.6). */
const UNITS_PER_MS = 8;
const PAYLOAD_BYTES = 4;
const END = 0x80;
/** No update for this long and the key counts as released: its end packets were lost. Updates come every 20..50 ms. */
const SILENCE_MS = 200;
/** A longer press goes on as a new segment under a new timestamp (RFC 4733 §2.5.1.3). */
const SEGMENT_UNITS = 0xffff;

/**
 * Turns RFC 4733 telephone-event packets into one report per key press. A press is one timestamp; copies of its updates and
 * end packets, and packets that come late, change nothing.
 */
export class DtmfReceiver {
  /** Presses reported. */
  received = 0;
  readonly #onDigit: (digit: string, durationMs: number) => void;
  /** Event code of the key that is down, or -1. */
  #event = -1;
  /** Timestamp of the last press that was begun, whether it is over or not. */
  #timestamp: number | null = null;
  /** Length of the segments that are over, and of the present one. */
  #earlierUnits = 0;
  #units = 0;
  #updatedAt = 0;

  /** @param onDigit called when a key is released; `digit` is one of 0-9 * # A-D. Must not throw. */
  constructor(onDigit: (digit: string, durationMs: number) => void) {
    this.#onDigit = onDigit;
  }

  /**
   * Takes the payload `packet[offset, offset + length)`. `timestamp` is the packet's RTP timestamp (32 bits or unwrapped),
   * `arrivalMs` of any steady clock. Short payloads and events above 15 are ignored. Never throws.
   */
  onPacket(
    packet: Uint8Array,
    offset: number,
    length: number,
    timestamp: number,
    marker: boolean,
    arrivalMs: number,
  ): void {
    if (length < PAYLOAD_BYTES || offset + PAYLOAD_BYTES > packet.length) return;
    const event = packet[offset]!;
    if (event >= DTMF_DIGITS.length) return;
    const units = (packet[offset + 2]! << 8) | packet[offset + 3]!;
    if (this.#isNew(timestamp)) this.#begin(event, timestamp, marker);
    if (this.#event !== event || this.#timestamp !== timestamp) return;
    if (units > this.#units) this.#units = units;
    this.#updatedAt = arrivalMs;
    if ((packet[offset + 1]! & END) !== 0) this.#release();
  }

  /** To be called now and then (each frame, say): reports a press whose end packets were all lost. */
  flush(nowMs: number): void {
    if (this.#event >= 0 && nowMs - this.#updatedAt >= SILENCE_MS) this.#release();
  }

  /** Reports what is down and forgets the timestamps, for a new SSRC. */
  reset(): void {
    if (this.#event >= 0) this.#release();
    this.#timestamp = null;
  }

  /** Older timestamps are packets of a press that is over. */
  #isNew(timestamp: number): boolean {
    return this.#timestamp === null || ((timestamp - this.#timestamp) | 0) > 0;
  }

  #begin(event: number, timestamp: number, marker: boolean): void {
    const goesOn = this.#event === event && !marker && this.#units === SEGMENT_UNITS;
    if (this.#event >= 0 && !goesOn) this.#release();
    this.#earlierUnits = goesOn ? this.#earlierUnits + SEGMENT_UNITS : 0;
    this.#event = event;
    this.#timestamp = timestamp;
    this.#units = 0;
  }

  #release(): void {
    const digit = DTMF_DIGITS.charAt(this.#event);
    this.#event = -1;
    this.received += 1;
    this.#onDigit(digit, (this.#earlierUnits + this.#units) / UNITS_PER_MS);
  }
}
