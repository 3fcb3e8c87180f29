/**
 * Reads s16le bytes as samples, without a copy where the bytes lie evenly in memory. The result is valid until the next
 * call. The caller sees to it that the number of bytes is even.
 */
export class PcmReader {
  #scratch = Buffer.alloc(0);

  read(bytes: Buffer): Int16Array {
    if (bytes.byteOffset % 2 === 0) return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    if (this.#scratch.length < bytes.length) this.#scratch = Buffer.from(new ArrayBuffer(bytes.length));
    bytes.copy(this.#scratch);
    return new Int16Array(this.#scratch.buffer, this.#scratch.byteOffset, bytes.length / 2);
  }
}

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
