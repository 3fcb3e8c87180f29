/** Segments that may wait; beyond it sound is booked on the segment before, so that tiny items cannot fill the memory. */
const MAX_SEGMENTS = 4_096;

export interface ItemSamples {
  readonly itemId: string;
  readonly played: number;
}

/** Knows to the sample how much of each item was played. Sound without an item id is passed over. */
export class ItemLedger {
  #segments: { readonly itemId: string | null; left: number }[] = [];
  readonly #played = new Map<string, number>();
  /** The item that was played last; it may get more sound. */
  #current: string | null = null;

  add(itemId: string | null, samples: number): void {
    if (samples === 0) return;
    const last = this.#segments.at(-1);
    if (last !== undefined && (last.itemId === itemId || this.#segments.length >= MAX_SEGMENTS)) last.left += samples;
    else this.#segments.push({ itemId, left: samples });
  }

  play(samples: number): void {
    while (samples > 0) {
      const segment = this.#segments[0];
      if (segment === undefined) return;
      const taken = Math.min(samples, segment.left);
      segment.left -= taken;
      samples -= taken;
      if (segment.itemId !== null) this.#credit(segment.itemId, taken);
      if (segment.left === 0) this.#segments.shift();
    }
  }

  /** Samples at the end that will not be played after all. */
  cut(samples: number): void {
    while (samples > 0) {
      const segment = this.#segments.at(-1);
      if (segment === undefined) return;
      const cut = Math.min(samples, segment.left);
      segment.left -= cut;
      samples -= cut;
      if (segment.left === 0) this.#segments.pop();
    }
  }

  /** The item played last and all that wait, in this order; forgets everything. */
  clear(): ItemSamples[] {
    const ids = new Set<string>();
    if (this.#current !== null) ids.add(this.#current);
    for (const { itemId } of this.#segments) if (itemId !== null) ids.add(itemId);
    const items = [...ids].map((itemId) => ({ itemId, played: this.#played.get(itemId) ?? 0 }));
    this.#segments = [];
    this.#played.clear();
    this.#current = null;
    return items;
  }

  #credit(itemId: string, samples: number): void {
    const before = this.#current;
    if (before !== null && before !== itemId && !this.#segments.some((segment) => segment.itemId === before)) {
      this.#played.delete(before);
    }
    this.#current = itemId;
    this.#played.set(itemId, (this.#played.get(itemId) ?? 0) + samples);
  }
}
