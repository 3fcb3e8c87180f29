import type { TransferOutcome } from '../call/index.ts';

/** Who waits for the outcome of a transfer of one call. */
export class TransferWaiters {
  /** By seat. */
  readonly #waiting = new Map<number, (outcome: TransferOutcome) => void>();

  wait(seat: number): Promise<TransferOutcome> {
    return new Promise((resolve) => this.#waiting.set(seat, resolve));
  }

  /** @param written resolves when the call's record says so too; asked for after this step, whose writes it is about */
  async tell(seat: number, outcome: TransferOutcome, written: () => Promise<void>): Promise<void> {
    const tell = this.#waiting.get(seat);
    this.#waiting.delete(seat);
    await Promise.resolve();
    await written();
    tell?.(outcome);
  }
}
