import { PressedKeys } from '../common/pressed-keys.ts';

/** Keys that follow each other within this belong together, milliseconds. */
const KEYS_TOGETHER_MS = 1_500;
/** Texts that wait for the conversation to begin. */
const MAX_HELD = 50;

/** What the agent is told in writing: at once, or as soon as it listens. */
export class AgentTexts {
  readonly #held: object[] = [];
  readonly #keys: PressedKeys;
  #say: ((message: object) => void) | null = null;

  constructor() {
    // As words of the person: an agent answers those, and only takes note of a contextual update.
    this.#keys = new PressedKeys(KEYS_TOGETHER_MS, (keys) =>
      this.#tell({ type: 'user_message', text: `Keys pressed on the phone: ${keys}` }),
    );
  }

  /** The agent listens. */
  begin(say: (message: object) => void): void {
    this.#say = say;
    for (const message of this.#held.splice(0)) say(message);
  }

  press(key: string): void {
    // Keeps the agent from taking the pauses between keys for its turn.
    this.#say?.({ type: 'user_activity' });
    this.#keys.press(key);
  }

  /** Something to know, which needs no answer. */
  note(data: unknown): void {
    this.#tell({ type: 'contextual_update', text: typeof data === 'string' ? data : JSON.stringify(data) });
  }

  /** Keys that were not told yet never will be. */
  forgetKeys(): void {
    this.#keys.forget();
  }

  #tell(message: object): void {
    if (this.#say !== null) this.#say(message);
    else if (this.#held.length < MAX_HELD) this.#held.push(message);
  }
}
