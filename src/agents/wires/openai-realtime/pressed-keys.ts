/** So long after the last key a number or a choice is complete, milliseconds. */
const COMPLETE_AFTER_MS = 1_000;
/** A longer one is told in parts. */
const MAX_KEYS = 64;

/** Collects the keys that a person presses, until the number is complete: after 1 s without a key, or at once by `#`. */
export class PressedKeys {
  readonly #onComplete: (keys: string) => void;
  #keys = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(onComplete: (keys: string) => void) {
    this.#onComplete = onComplete;
  }

  press(key: string): void {
    this.#keys += key;
    clearTimeout(this.#timer);
    if (key === '#' || this.#keys.length >= MAX_KEYS) this.#complete();
    else this.#timer = setTimeout(() => this.#complete(), COMPLETE_AFTER_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #complete(): void {
    const keys = this.#keys;
    this.#keys = '';
    this.#onComplete(keys);
  }
}
