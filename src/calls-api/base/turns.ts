/** Requests that begin in one turn of the event loop. */
const AT_ONCE = 8;

/**
 * Has requests begin a few at a time, in the order in which they came. One turn of the event loop takes as long as everything
 * that it begins, and what calls and webhooks write to the database is committed once in a turn: with a hundred lists in
 * each, a call would be answered, and its end be noticed, seconds late.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #begun = 0;
  #isOver = true;

  /** Resolves when a request may begin. */
  take(): Promise<void> {
    if (this.#isOver) this.#next();
    if (this.#begun === AT_ONCE) return new Promise((begin) => void this.#waiting.push(begin));
    this.#begun += 1;
    return Promise.resolve();
  }

  #next(): void {
    this.#isOver = false;
    setImmediate(() => {
      const begins = this.#waiting.splice(0, AT_ONCE);
      this.#begun = begins.length;
      if (begins.length === 0) this.#isOver = true;
      else this.#next();
      for (const begin of begins) begin();
    });
  }
}
