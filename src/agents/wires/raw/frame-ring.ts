/** Frames that are written in turn: the websocket may hold on to one until the network took it. */
export class FrameRing {
  readonly #frames: { readonly samples: Int16Array; readonly bytes: Buffer }[] = [];
  #next = 0;

  constructor(frames: number, samplesPerFrame: number) {
    for (let i = 0; i < frames; i += 1) {
      const memory = new ArrayBuffer(samplesPerFrame * 2);
      this.#frames.push({ samples: new Int16Array(memory), bytes: Buffer.from(memory) });
    }
  }

  /** Copies the samples and returns their bytes, s16le. They stay untouched until `frames` more were written. */
  write(pcm: Int16Array): Buffer {
    const frame = this.#frames[this.#next]!;
    this.#next = (this.#next + 1) % this.#frames.length;
    frame.samples.set(pcm);
    return frame.bytes;
  }
}
