/** What a voice activity detector found in one block of sound. Milliseconds of all sound that ever came in. */
export type VadFinding =
  | { readonly type: 'started'; readonly audioStartMs: number }
  | { readonly type: 'stopped'; readonly audioEndMs: number };

export interface VadSettings {
  readonly prefixPaddingMs: number;
  readonly silenceDurationMs: number;
}

const WINDOW_MS = 20;
const LOUD_RMS = 500;
/** So much sound in a row is speech: a click is none. */
const SPEECH_MS = 60;

/** Finds speech by its energy, in s16le at 24 kHz that comes in pieces of any length. */
export class EnergyVad {
  #rest = Buffer.alloc(0);
  #timeMs = 0;
  #loudMs = 0;
  #silentMs = 0;
  #speaking = false;

  get timeMs(): number {
    return this.#timeMs;
  }

  push(bytes: Buffer, { prefixPaddingMs, silenceDurationMs }: VadSettings): VadFinding[] {
    const all = Buffer.concat([this.#rest, bytes]);
    const windowBytes = WINDOW_MS * 48;
    const found: VadFinding[] = [];
    let at = 0;
    for (; at + windowBytes <= all.length; at += windowBytes) {
      const loud = rms(all.subarray(at, at + windowBytes)) > LOUD_RMS;
      this.#timeMs += WINDOW_MS;
      this.#loudMs = loud ? this.#loudMs + WINDOW_MS : 0;
      this.#silentMs = loud ? 0 : this.#silentMs + WINDOW_MS;
      if (!this.#speaking && this.#loudMs >= SPEECH_MS) {
        this.#speaking = true;
        found.push({ type: 'started', audioStartMs: Math.max(0, this.#timeMs - this.#loudMs - prefixPaddingMs) });
      } else if (this.#speaking && this.#silentMs >= silenceDurationMs) {
        this.#speaking = false;
        found.push({ type: 'stopped', audioEndMs: this.#timeMs });
      }
    }
    this.#rest = all.subarray(at);
    return found;
  }
}

function rms(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readInt16LE(i) ** 2;
  return Math.sqrt(sum / (bytes.length / 2));
}
