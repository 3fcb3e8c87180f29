/** A first-in first-out store of samples that grows by doubling up to a limit and can give its memory back. */
export class SampleRing {
  readonly #initial: number;
  readonly #limit: number;
  #data: Int16Array;
  #start = 0;
  #length = 0;

  /** Sizes in samples. */
  constructor(initial: number, limit: number) {
    this.#initial = Math.min(initial, limit);
    this.#limit = limit;
    this.#data = new Int16Array(this.#initial);
  }

  get length(): number {
    return this.#length;
  }

  get capacity(): number {
    return this.#data.length;
  }

  /** Takes as much as fits under the limit; returns how many samples were taken. */
  write(pcm: Int16Array): number {
    const taken = Math.min(pcm.length, this.#limit - this.#length);
    if (this.#length + taken > this.#data.length) this.#resize(this.#length + taken);
    const end = (this.#start + this.#length) % this.#data.length;
    const first = Math.min(taken, this.#data.length - end);
    copy(pcm, 0, this.#data, end, first);
    copy(pcm, first, this.#data, 0, taken - first);
    this.#length += taken;
    return taken;
  }

  /** Moves up to `out.length` samples to the front of `out`; returns how many. */
  read(out: Int16Array): number {
    const given = Math.min(out.length, this.#length);
    const first = Math.min(given, this.#data.length - this.#start);
    copy(this.#data, this.#start, out, 0, first);
    copy(this.#data, 0, out, first, given - first);
    this.#start = (this.#start + given) % this.#data.length;
    this.#length -= given;
    return given;
  }

  /** Takes samples off the end as long as none is louder than `peak`; returns how many. */
  trimEnd(peak: number): number {
    const before = this.#length;
    while (this.#length > 0) {
      const last = this.#data[(this.#start + this.#length - 1) % this.#data.length]!;
      if (Math.abs(last) > peak) break;
      this.#length -= 1;
    }
    return before - this.#length;
  }

  /** Throws everything away. */
  clear(): void {
    this.#start = 0;
    this.#length = 0;
  }

  /** Gives memory back, if it is empty and had grown. */
  shrink(): void {
    if (this.#length === 0 && this.#data.length > this.#initial) {
      this.#data = new Int16Array(this.#initial);
      this.#start = 0;
    }
  }

  #resize(needed: number): void {
    let capacity = this.#data.length;
    while (capacity < needed) capacity *= 2;
    const grown = new Int16Array(Math.min(capacity, this.#limit));
    const length = this.#length;
    this.read(grown.subarray(0, length));
    this.#data = grown;
    this.#start = 0;
    this.#length = length;
  }
}

/** A loop instead of `set(subarray())`: for a frame it is as fast, and makes no view. */
function copy(from: Int16Array, fromIndex: number, to: Int16Array, toIndex: number, count: number): void {
  for (let i = 0; i < count; i += 1) to[toIndex + i] = from[fromIndex + i]!;
}
