import { levelDb } from '../../audio/index.ts';

/** Quieter is not heard: some agents send silence all the time. dBFS. */
const HEARD_DB = -60;

/** Waits for an agent's first sound. */
export class SpeechWatch {
  readonly #withinMs: number | null;
  readonly #onSilent: () => void;
  #timer: NodeJS.Timeout | null = null;
  #heard = false;

  /** `withinMs` null: it may be silent. */
  constructor(withinMs: number | null, onSilent: () => void) {
    this.#withinMs = withinMs;
    this.#onSilent = onSilent;
  }

  /** It could be heard now: the time runs, unless it does already or the agent was heard before. */
  begin(): void {
    if (this.#heard || this.#withinMs === null || this.#timer !== null) return;
    this.#timer = setTimeout(this.#onSilent, this.#withinMs);
  }

  audio(pcm: Int16Array): void {
    if (!this.#heard && this.#withinMs !== null && levelDb(pcm) > HEARD_DB) this.heard();
  }

  heard(): void {
    this.#heard = true;
    this.stop();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
