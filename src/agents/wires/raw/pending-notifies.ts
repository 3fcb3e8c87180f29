import { MAX_PENDING_NOTIFIES } from './limits.ts';

/** Vonage's `notify` carries any payload where a mark has a name: each becomes a mark, and its payload waits here. */
export class PendingNotifies {
  readonly #payloads = new Map<string, unknown>();
  #count = 0;

  /** Returns the name of the mark to set, or null if too many are waiting. */
  add(payload: unknown): string | null {
    if (this.#payloads.size >= MAX_PENDING_NOTIFIES) return null;
    this.#count += 1;
    const name = `websocket:notify:${this.#count}`;
    this.#payloads.set(name, payload);
    return name;
  }

  /** Takes the payload of a mark out; null if the mark is not one of these. */
  take(name: string): { readonly payload: unknown } | null {
    if (!this.#payloads.has(name)) return null;
    const payload = this.#payloads.get(name);
    this.#payloads.delete(name);
    return { payload };
  }
}
