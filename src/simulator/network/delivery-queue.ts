interface Delivery {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Runs deliveries when they are due, by one timer for all of them (a binary heap by time, then by order of arrival).
 * Times are of performance.now(), in milliseconds. Timers of the platform fire up to a millisecond late, never early.
 */
export class DeliveryQueue {
  readonly #heap: Delivery[] = [];
  #timer: NodeJS.Timeout | null = null;
  #timerDue = Number.POSITIVE_INFINITY;
  #order = 0;
  #closed = false;

  /** Runs at once, before returning, if `due` has come and nothing waits. */
  add(due: number, run: () => void): void {
    if (this.#closed) return;
    if (this.#heap.length === 0 && due <= performance.now()) {
      run();
      return;
    }
    this.#push({ due, order: this.#order, run });
    this.#order += 1;
    this.#arm();
  }

  /** Drops what waits. */
  close(): void {
    this.#closed = true;
    this.#heap.length = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || (this.#timer !== null && this.#timerDue <= first.due)) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerDue = first.due;
    this.#timer = setTimeout(this.#fire, Math.max(0, first.due - performance.now()));
  }

  readonly #fire = (): void => {
    this.#timer = null;
    const now = performance.now();
    for (let first = this.#heap[0]; first !== undefined && first.due <= now; first = this.#heap[0]) {
      this.#pop();
      first.run();
    }
    this.#arm();
  };

  #push(delivery: Delivery): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(delivery);
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (isBefore(heap[above]!, delivery)) break;
      heap[index] = heap[above]!;
      index = above;
    }
    heap[index] = delivery;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (isBefore(last, heap[below]!)) break;
      heap[index] = heap[below]!;
      index = below;
    }
    heap[index] = last;
  }
}

function isBefore(a: Delivery, b: Delivery): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
