/** Longest line that is kept, characters. */
const MAX_LINE = 4_000;

/**
 * Makes one line of each of the bot's turns. Bots tell their words more than once: as the model writes them
 * (`bot-transcription`) and as they are spoken (`bot-output`). What was spoken counts; an old bot that never says so is
 * believed what it wrote.
 */
export class BotWords {
  #spoken = '';
  #written = '';
  #tellsSpoken = false;

  spoken(text: string): void {
    this.#tellsSpoken = true;
    this.#written = '';
    this.#spoken = join(this.#spoken, text);
  }

  written(text: string): void {
    if (!this.#tellsSpoken) this.#written = join(this.#written, text);
  }

  /** The turn is over: gives its line, null if nothing was said. */
  take(): string | null {
    const line = (this.#spoken === '' ? this.#written : this.#spoken).trim();
    this.#spoken = '';
    this.#written = '';
    return line === '' ? null : line;
  }
}

/** Words come one by one or as sentences, some with their spaces and some without. */
function join(line: string, text: string): string {
  const spaced = line === '' || /\s$/.test(line) || /^\s/.test(text);
  return (spaced ? line + text : `${line} ${text}`).slice(0, MAX_LINE);
}
