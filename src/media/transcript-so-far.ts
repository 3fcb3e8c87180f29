import type { TranscriptLine } from '../agents/index.ts';

const MAX_LINES = 200;
const MAX_CHARACTERS = 20_000;

/** What was said in a call, for an agent that comes in the middle of it: the latest lines, within bounds. */
export class TranscriptSoFar {
  readonly #lines: TranscriptLine[] = [];
  #characters = 0;

  add({ party, text }: TranscriptLine): void {
    const kept = text.slice(0, MAX_CHARACTERS);
    this.#lines.push({ party, text: kept });
    this.#characters += kept.length;
    while (this.#lines.length > MAX_LINES || this.#characters > MAX_CHARACTERS) {
      this.#characters -= this.#lines.shift()?.text.length ?? 0;
    }
  }

  /** Oldest first. */
  lines(): readonly TranscriptLine[] {
    return [...this.#lines];
  }
}
