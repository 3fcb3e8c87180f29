/** Resolves when it is durable. */
type Write = () => Promise<void>;

/** The writes of one call, in order. What is added while one input is taken is asked for at once, and costs one commit. */
export class WriteQueue {
  readonly #onFault: (fault: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #together: Write[] | null = null;

  /** A write that fails does not keep those behind it from being written. */
  constructor(onFault: (fault: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Resolves when all that was added so far is written, or has failed. */
  get settled(): Promise<void> {
    return this.#last;
  }

  add(write: Write): void {
    if (this.#together === null) this.#run([write]);
    else this.#together.push(write);
  }

  /** What `work` adds is written together. */
  together(work: () => void): void {
    const writes: Write[] = [];
    this.#together = writes;
    work();
    this.#together = null;
    this.#run(writes);
  }

  #run(writes: readonly Write[]): void {
    this.#last = this.#last.then(async () => {
      await Promise.all(writes.map((write) => this.#guarded(write)));
    });
  }

  async #guarded(write: Write): Promise<void> {
    try {
      await write();
    } catch (fault) {
      this.#onFault(fault);
    }
  }
}
