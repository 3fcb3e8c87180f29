import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

/** Knows the media threads that this process starts, as Node announces them, and can kill one as a crash would. */
export class MediaThreads {
  readonly #workers: Worker[] = [];
  readonly #onStarted = (message: unknown) => void this.#workers.push((message as { worker: Worker }).worker);

  constructor() {
    subscribe('worker_threads', this.#onStarted);
  }

  /** Kills the thread that was started last. Resolves when another has taken its place. */
  async kill(): Promise<void> {
    const count = this.#workers.length;
    await this.#workers.at(-1)?.terminate();
    while (this.#workers.length === count) await new Promise((wake) => setTimeout(wake, 10));
    const replacement = this.#workers.at(-1);
    if (replacement !== undefined) await once(replacement, 'online');
  }

  /** The same, without waiting for another. */
  async killAndLeave(): Promise<void> {
    await this.#workers.at(-1)?.terminate();
  }

  /** Breaks the thread that was started last, as far as its owner can tell before its exit. */
  fail(): void {
    this.#workers.at(-1)?.emit('error', new Error('broken on purpose'));
  }

  /** Threads that were started and have not ended. */
  get running(): number {
    return this.#workers.filter(({ threadId }) => threadId !== -1).length;
  }

  close(): void {
    unsubscribe('worker_threads', this.#onStarted);
  }
}
