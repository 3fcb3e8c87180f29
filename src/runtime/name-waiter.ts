import type { CallIdentity, CallPatch, EndReason } from '../call/index.ts';

/** What became of a call that was to be placed. */
export type Naming =
  | { readonly type: 'named'; readonly callId: string }
  /** Over before Meta named it: its ending. */
  | { readonly type: 'ended'; readonly reason: EndReason; readonly detail: string | null }
  | { readonly type: 'silent' };

/** Tells those who wait for it how Meta names a call, by listening to what is written into its record. */
export class NameWaiter {
  readonly #waiting = new Map<string, (naming: Naming) => void>();

  /** Never rejects; `silent` after `timeoutMs`. One waits for each call, from before it is placed. */
  wait(key: string, timeoutMs: number): Promise<Naming> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#tell(key, { type: 'silent' }), timeoutMs);
      this.#waiting.set(key, (naming) => {
        clearTimeout(timer);
        resolve(naming);
      });
    });
  }

  /** Nothing will come of this call. */
  forget(key: string): void {
    this.#tell(key, { type: 'silent' });
  }

  onUpdated({ id }: CallIdentity, { callId, ending }: CallPatch): void {
    if (callId !== undefined) this.#tell(id, { type: 'named', callId });
    else if (ending !== undefined) this.#tell(id, { type: 'ended', reason: ending.reason, detail: ending.detail });
  }

  #tell(key: string, naming: Naming): void {
    this.#waiting.get(key)?.(naming);
    this.#waiting.delete(key);
  }
}
