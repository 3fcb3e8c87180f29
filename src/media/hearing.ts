import { createPulledFrame, JitterBuffer, levelDb, SILENCE_DB } from '../audio/index.ts';
import type { SampleRate } from '../call/index.ts';
import type { OpusDecoder } from '../webrtc/index.ts';

/** The way from the phone: jitter buffer and decoder. The buffer goes on when the decoder is exchanged for another rate. */
export class Hearing {
  readonly jitter = new JitterBuffer();
  readonly #pulled = createPulledFrame();
  #decoder: OpusDecoder | null = null;
  #rate: SampleRate | null = null;
  #loudestDb = SILENCE_DB;

  /** Of the decoder, Hz; null while there is none. */
  get rate(): SampleRate | null {
    return this.#rate;
  }

  use(decoder: OpusDecoder, rate: SampleRate): void {
    this.#decoder?.close();
    this.#decoder = decoder;
    this.#rate = rate;
  }

  /**
   * The caller's next 20 ms; `now` in milliseconds of the monotonic clock is when they were due. Valid until the next pull.
   * Null without a decoder.
   */
  pull(now: number): Int16Array | null {
    this.jitter.pull(now, this.#pulled);
    if (this.#decoder === null) return null;
    const pcm = this.#decoder.decodeFrame(this.#pulled);
    const db = levelDb(pcm);
    this.jitter.noteLevel(db);
    this.#loudestDb = Math.max(this.#loudestDb, db);
    return pcm;
  }

  /** Loudest frame since the last time, dBFS. */
  takeLevel(): number {
    const loudest = this.#loudestDb;
    this.#loudestDb = SILENCE_DB;
    return loudest;
  }

  close(): void {
    this.#decoder?.close();
    this.#decoder = null;
  }
}
