/** Keys that follow each other within this belong together, milliseconds. */
const TOGETHER_MS = 1_500;
const MAX_KEYS = 64;

/** Gathers keys to what a person means to enter, because an agent answers every message: until `#`, or a pause. */
export class KeyPresses {
  readonly #onEntered: (keys: string) => void;
  #keys = '';
  #pause: NodeJS.Timeout | undefined;

  constructor(onEntered: (keys: string) => void) {
    this.#onEntered = onEntered;
  }

  press(key: string): void {
    clearTimeout(this.#pause);
    this.#keys += key;
    if (key === '#' || this.#keys.length === MAX_KEYS) this.#enter();
    else this.#pause = setTimeout(() => this.#enter(), TOGETHER_MS);
  }

  forget(): void {
    clearTimeout(this.#pause);
    this.#keys = '';
  }

  #enter(): void {
    const keys = this.#keys;
    this.#keys = '';
    this.#onEntered(keys);
  }
}
