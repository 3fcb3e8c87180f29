import type { GroupCommit } from '../group-commit.ts';

/** Tells that a webhook has something to be sent, or is another one than before, once that is on the disk. */
export class QueueWatch {
  readonly #writes: GroupCommit;
  #listener: ((webhookId: string) => void) | null = null;
  #changed = new Set<string>();

  constructor(writes: GroupCommit) {
    this.#writes = writes;
  }

  listen(listener: (webhookId: string) => void): void {
    this.#listener = listener;
  }

  /** Within a work of the GroupCommit, or after it. */
  changed(webhookId: string): void {
    if (this.#listener === null) return;
    const isFirst = this.#changed.size === 0;
    this.#changed.add(webhookId);
    if (isFirst) void this.#tellAfterCommit();
  }

  async #tellAfterCommit(): Promise<void> {
    await this.#writes.settled();
    const changed = this.#changed;
    this.#changed = new Set();
    for (const webhookId of changed) this.#listener?.(webhookId);
  }
}
