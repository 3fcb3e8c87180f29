import { SILENCE, type Speech } from './speech.ts';

/** What to send in one 20 ms slot. */
export interface Utterance {
  readonly packet: Uint8Array;
  /** First packet of the speech. */
  readonly first: boolean;
  /** Last packet of the speech, the first time it is said. */
  readonly last: boolean;
}

/** Says a speech once, or again and again, and is silent after it. */
export class Mouth {
  readonly #speech: Speech | null;
  readonly #loop: boolean;
  #position = 0;
  #finished = false;

  constructor(speech: Speech | null, loop: boolean) {
    this.#speech = speech;
    this.#loop = loop;
  }

  next(): Utterance {
    const packet = this.#finished && !this.#loop ? undefined : this.#speech?.packets[this.#position];
    if (packet === undefined) return { packet: this.#speech?.silence ?? SILENCE, first: false, last: false };
    const first = this.#position === 0;
    this.#position = (this.#position + 1) % (this.#speech?.packets.length ?? 1);
    const last = this.#position === 0 && !this.#finished;
    if (last) this.#finished = true;
    return { packet, first, last };
  }
}
