import { DTMF_DIGITS } from './dtmf-digits.ts';

/** One telephone-event packet to send in place of sound. Filled again by each `next`. */
export interface DtmfPacket {
  /** 4 bytes. */
  readonly payload: Buffer;
  /** Set on the first packet of a press. */
  readonly marker: boolean;
  /** How long ago the press began: the packet's RTP timestamp is that much before the one sound would have now. */
  readonly sinceStartMs: number;
}

const FRAME_MS = 20;
const UNITS_PER_FRAME = FRAME_MS * 8;
/** 100 ms down and 100 ms up; receivers of all makes tell such presses apart (Q.24 asks for 40 ms). */
const PRESS_FRAMES = 5;
const PAUSE_FRAMES = 5;
/** The last update is sent three times, against loss (RFC 4733 §2.5.1.4). */
const END_COPIES = 3;
const FRAMES_PER_DIGIT = PRESS_FRAMES + PAUSE_FRAMES;
const SENDING_FRAMES = PRESS_FRAMES + END_COPIES - 1;
const END = 0x80;
/** -10 dBm0, as telephones send. */
const VOLUME = 10;
const MAX_QUEUED = 128;

/** Sends queued keys as RFC 4733 packets, one step per 20 ms. */
export class DtmfSender {
  readonly #packet = { payload: Buffer.alloc(4), marker: false, sinceStartMs: 0 };
  readonly #queue: number[] = [];
  /** Frames into the present digit. */
  #frame = 0;

  /** Whether keys are still to be sent, pauses included. */
  get active(): boolean {
    return this.#queue.length > 0;
  }

  /**
   * Adds keys to the end of the queue: `0-9`, `*`, `#`, `A-D` in either case. Throws RangeError, and queues nothing, when
   * there is another character. Returns false, and queues nothing, when more than 128 keys would wait.
   */
  enqueue(digits: string): boolean {
    const events = Array.from(digits.toUpperCase(), (digit) => DTMF_DIGITS.indexOf(digit));
    const wrong = events.findIndex((event) => event < 0);
    if (wrong >= 0) throw new RangeError(`digits: character ${wrong + 1} is not a key; allowed are 0-9, *, # and A-D`);
    if (this.#queue.length + events.length > MAX_QUEUED) return false;
    this.#queue.push(...events);
    return true;
  }

  /** To be called once per 20 ms: the packet to send in place of sound, or null when it is sound's turn. */
  next(): DtmfPacket | null {
    const event = this.#queue[0];
    if (event === undefined) return null;
    const frame = this.#frame;
    this.#frame += 1;
    if (this.#frame === FRAMES_PER_DIGIT) {
      this.#frame = 0;
      this.#queue.shift();
    }
    if (frame >= SENDING_FRAMES) return null;
    const packet = this.#packet;
    packet.payload[0] = event;
    packet.payload[1] = (frame >= PRESS_FRAMES - 1 ? END : 0) | VOLUME;
    packet.payload.writeUInt16BE(Math.min(frame + 1, PRESS_FRAMES) * UNITS_PER_FRAME, 2);
    packet.marker = frame === 0;
    packet.sinceStartMs = frame * FRAME_MS;
    return packet;
  }
}
