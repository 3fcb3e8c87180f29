import { FRAME_MS, samplesPerFrame } from '../../../audio/index.ts';
import type { SampleRate } from '../../../call/index.ts';
import { CallerQueue } from '../../net/caller-queue.ts';
import type { WireSocket } from '../../net/wire-socket.ts';
import { type AudioFormat, audioEncoder, bytesOf } from './audio-format.ts';

/** `{"user_audio_chunk":""}` and the masked websocket header. */
const ENVELOPE_BYTES = 31;

/**
 * What the person says, on its way to the agent. Until the agent has named its format the latest 400 ms are held, so that a
 * "hello?" right after the answer is not cut.
 */
export class CallerSpeech {
  readonly #socket: WireSocket;
  readonly #rate: SampleRate;
  readonly #queue: CallerQueue;
  #format: { readonly encode: (pcm: Int16Array) => string; readonly bytesPerFrame: number } | null = null;

  /** `rate` of the frames that are pushed, Hz. */
  constructor(socket: WireSocket, rate: SampleRate) {
    this.#socket = socket;
    this.#rate = rate;
    // The queue counts in frames here: how many bytes one takes is not known before the format is.
    this.#queue = new CallerQueue(this.#outlet, samplesPerFrame(rate), 1, (pcm) => this.#send(pcm));
  }

  get droppedMs(): number {
    return this.#queue.droppedMs;
  }

  /** The agent listens from now on. */
  begin(format: AudioFormat): void {
    const base64Bytes = Math.ceil(bytesOf(format, FRAME_MS) / 3) * 4;
    this.#format = { encode: audioEncoder(this.#rate, format), bytesPerFrame: base64Bytes + ENVELOPE_BYTES };
  }

  /** False: the agent listens, and has not read for 5 s. */
  push(pcm: Int16Array, mediaTimeMs: number): boolean {
    return this.#queue.push(pcm, mediaTimeMs) || this.#format === null;
  }

  readonly #outlet = Object.defineProperty({ unreadBytes: 0 }, 'unreadBytes', {
    get: () =>
      this.#format === null ? Number.POSITIVE_INFINITY : this.#socket.unreadBytes / this.#format.bytesPerFrame,
  });

  /** Written by hand: it is the one message that is sent 50 times a second, and base64 needs no escapes. */
  #send(pcm: Int16Array): void {
    if (this.#format !== null) this.#socket.sendText(`{"user_audio_chunk":"${this.#format.encode(pcm)}"}`);
  }
}
