/** Follows a 32-bit RTP timestamp across its wraps; steps of less than 2^31 either way are understood. */
export class TimestampUnwrapper {
  #last: number | null = null;

  /** The timestamp on a line that never wraps. The first is taken as it is; early reordering may give a negative number. */
  unwrap(timestamp: number): number {
    this.#last = this.#last === null ? timestamp : this.#last + ((timestamp - (this.#last % 0x1_0000_0000)) | 0);
    return this.#last;
  }

  /** Forgets the line, for a new SSRC. */
  reset(): void {
    this.#last = null;
  }
}
