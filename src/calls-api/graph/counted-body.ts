import { Transform } from 'node:stream';

/** Lets `limit` bytes pass. */
export class CountedBody extends Transform {
  readonly #limit: number;
  #length = 0;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  /** Whether there were more; the rest did not pass. */
  get isTooLarge(): boolean {
    return this.#length > this.#limit;
  }

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (fault: Error | null, chunk?: Buffer) => void,
  ): void {
    this.#length += chunk.length;
    if (this.isTooLarge) done(new Error('the body is too large'));
    else done(null, chunk);
  }
}
