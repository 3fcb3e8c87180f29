import type { DtlsSocket } from 'werift';

/** werift's handshake message or fragment of one. Its class is not exported. */
export type Handshake = Parameters<DtlsSocket['onHandleHandshakes']>[0][number];

/** RFC 6347 allows 2^24 - 1; a certificate chain is the longest that is real. */
const MAX_MESSAGE_BYTES = 32 * 1024;
/** How far ahead of the next message one may arrive; a flight has at most seven. */
const MAX_AHEAD = 16;

/**
 * Puts the handshake messages of one sender into order, whole and once each (RFC 6347 §4.2.2, §4.2.3). werift 0.25.2
 * takes them as they come: a repeated or overtaken datagram makes it derive other keys or throw, and a gap in a
 * fragmented message is filled with zeros.
 */
export class HandshakeQueue {
  readonly #waiting = new Map<number, Assembly>();
  #next = 0;

  /** The sequence number of the next message that `take` will give out. */
  get next(): number {
    return this.#next;
  }

  /** Goes on behind this sequence number; for a server's first flight, which may start at 0 or 1. */
  startAt(sequence: number): void {
    this.#next = sequence;
    for (const waiting of this.#waiting.keys()) if (waiting < sequence) this.#waiting.delete(waiting);
  }

  /** Adds a fragment. One that is old, too far ahead, or contradicts an earlier one is dropped. */
  add(fragment: Handshake): void {
    const { message_seq: sequence, length } = fragment;
    if (sequence < this.#next || sequence > this.#next + MAX_AHEAD || length > MAX_MESSAGE_BYTES) return;
    let assembly = this.#waiting.get(sequence);
    if (assembly === undefined) {
      assembly = new Assembly(fragment);
      this.#waiting.set(sequence, assembly);
    }
    assembly.add(fragment);
  }

  /** The next message in order if it is whole, else null. */
  take(): Handshake | null {
    const message = this.#waiting.get(this.#next)?.message() ?? null;
    if (message !== null) {
      this.#waiting.delete(this.#next);
      this.#next += 1;
    }
    return message;
  }
}

class Assembly {
  readonly type: number;
  readonly #first: Handshake;
  readonly #body: Buffer;
  readonly #have: Uint8Array;
  #missing: number;

  constructor(first: Handshake) {
    this.type = first.msg_type;
    this.#first = first;
    this.#body = Buffer.alloc(first.length);
    this.#have = new Uint8Array(first.length);
    this.#missing = first.length;
  }

  add(fragment: Handshake): void {
    const { fragment_offset: offset, fragment: bytes } = fragment;
    if (fragment.msg_type !== this.type || fragment.length !== this.#body.length) return;
    if (offset + bytes.length > this.#body.length) return;
    bytes.copy(this.#body, offset);
    for (let at = offset; at < offset + bytes.length; at++) {
      if (this.#have[at] === 0) this.#missing -= 1;
      this.#have[at] = 1;
    }
  }

  message(): Handshake | null {
    if (this.#missing > 0) return null;
    return Object.assign(Object.create(Object.getPrototypeOf(this.#first) as object) as Handshake, this.#first, {
      fragment_offset: 0,
      fragment_length: this.#body.length,
      fragment: this.#body,
    });
  }
}
