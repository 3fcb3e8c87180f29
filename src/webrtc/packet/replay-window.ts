const SIZE = 128;

/** Which of the last 128 packet indices were accepted (RFC 3711 §3.3.2). Asked before, told after authentication. */
export class ReplayWindow {
  /** Highest accepted index; -1 before the first. */
  highest = -1;
  readonly #seen = new Int32Array(SIZE / 32);

  /** False for an index that was accepted before or is too old to tell. */
  isFresh(index: number): boolean {
    if (index > this.highest) return true;
    if (index < 0 || index <= this.highest - SIZE) return false;
    return (this.#seen[slot(index)]! & (1 << (index & 31))) === 0;
  }

  accept(index: number): void {
    if (index - this.highest >= SIZE) {
      this.#seen.fill(0);
    } else {
      for (let skipped = this.highest + 1; skipped < index; skipped++)
        this.#seen[slot(skipped)]! &= ~(1 << (skipped & 31));
    }
    if (index > this.highest) this.highest = index;
    this.#seen[slot(index)]! |= 1 << (index & 31);
  }
}

function slot(index: number): number {
  return (index & (SIZE - 1)) >>> 5;
}
