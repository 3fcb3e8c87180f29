/** A longer number is told in parts. */
const MAX_KEYS = 64;

/**
 * Collects the keys that a person presses until what they enter is complete, because an agent answers whatever it is told:
 * by `#`, or when no key has followed for a while.
 */
export class PressedKeys {
  readonly #completeAfterMs: number;
  readonly #onComplete: (keys: string) => void;
  #keys = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(completeAfterMs: number, onComplete: (keys: string) => void) {
    this.#completeAfterMs = completeAfterMs;
    this.#onComplete = onComplete;
  }

  press(key: string): void {
    clearTimeout(this.#timer);
    this.#keys += key;
    if (key === '#' || this.#keys.length >= MAX_KEYS) this.#complete();
    else this.#timer = setTimeout(() => this.#complete(), this.#completeAfterMs);
  }

  /** What is not complete is told to nobody. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#keys = '';
  }

  #complete(): void {
    const keys = this.#keys;
    this.#keys = '';
    this.#onComplete(keys);
  }
}
