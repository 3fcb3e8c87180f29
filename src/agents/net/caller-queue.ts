import { FRAME_MS } from '../../audio/index.ts';

/** Where caller frames go. */
export interface CallerOutlet {
  /** Bytes that the network did not take yet. */
  readonly unreadBytes: number;
}

/** Sends one frame. `gapMs`: what was dropped right before it. `pcm` is reused after the return. */
export type SendFrame = (pcm: Int16Array, mediaTimeMs: number, gapMs: number) => void;

/** Sound that may wait in the socket, and before it; what is in the socket cannot be taken back. Milliseconds. */
const MAX_IN_SOCKET_MS = 100;
const MAX_WAITING_MS = 400;
/** Nothing could be sent for so long: the agent counts as stalled. */
const STALLED_AFTER_MS = 5_000;

/**
 * Caller sound on its way to one connection. An agent that does not read hears, when it reads again, the latest half second:
 * the oldest frames are dropped past it (agent-protocols.md §4.2), and media time goes on.
 */
export class CallerQueue {
  readonly #outlet: CallerOutlet;
  readonly #send: SendFrame;
  readonly #maxUnreadBytes: number;
  readonly #frames: { readonly pcm: Int16Array; mediaTimeMs: number }[] = [];
  #first = 0;
  #length = 0;
  #gapMs = 0;
  #blockedMs = 0;
  #droppedMs = 0;

  /** `samplesPerFrame` of 20 ms; `bytesPerFrame`: what one frame takes on the wire, envelope and all. */
  constructor(outlet: CallerOutlet, samplesPerFrame: number, bytesPerFrame: number, send: SendFrame) {
    this.#outlet = outlet;
    this.#send = send;
    this.#maxUnreadBytes = bytesPerFrame * (MAX_IN_SOCKET_MS / FRAME_MS);
    for (let i = 0; i < MAX_WAITING_MS / FRAME_MS; i += 1) {
      this.#frames.push({ pcm: new Int16Array(samplesPerFrame), mediaTimeMs: 0 });
    }
  }

  /** Sound that was never sent, milliseconds. */
  get droppedMs(): number {
    return this.#droppedMs;
  }

  /** Takes one frame; it is copied if it cannot go at once. False: the agent has not read for 5 s. */
  push(pcm: Int16Array, mediaTimeMs: number): boolean {
    this.#flush();
    if (this.#length === 0 && this.#outlet.unreadBytes <= this.#maxUnreadBytes) {
      this.#deliver(pcm, mediaTimeMs);
      return true;
    }
    this.#keep(pcm, mediaTimeMs);
    this.#blockedMs += FRAME_MS;
    return this.#blockedMs < STALLED_AFTER_MS;
  }

  #flush(): void {
    while (this.#length > 0 && this.#outlet.unreadBytes <= this.#maxUnreadBytes) {
      const frame = this.#frames[this.#first]!;
      this.#first = (this.#first + 1) % this.#frames.length;
      this.#length -= 1;
      this.#deliver(frame.pcm, frame.mediaTimeMs);
    }
  }

  #deliver(pcm: Int16Array, mediaTimeMs: number): void {
    const gapMs = this.#gapMs;
    this.#gapMs = 0;
    this.#blockedMs = 0;
    this.#send(pcm, mediaTimeMs, gapMs);
  }

  #keep(pcm: Int16Array, mediaTimeMs: number): void {
    if (this.#length === this.#frames.length) {
      this.#first = (this.#first + 1) % this.#frames.length;
      this.#length -= 1;
      this.#gapMs += FRAME_MS;
      this.#droppedMs += FRAME_MS;
    }
    const frame = this.#frames[(this.#first + this.#length) % this.#frames.length]!;
    frame.pcm.set(pcm);
    frame.mediaTimeMs = mediaTimeMs;
    this.#length += 1;
  }
}
