import { samplesToMs } from '../../../audio/index.ts';
import type { PlayedItem } from '../../agent.ts';
import { forgetOldest } from './forget-oldest.ts';
import { RATE } from './session-config.ts';

interface SpokenItem {
  readonly contentIndex: number;
  samples: number;
  /** No more sound of it will come. */
  complete: boolean;
}

export interface Truncation {
  readonly itemId: string;
  readonly contentIndex: number;
  /** What was really played, whole milliseconds, never more than there is. */
  readonly audioEndMs: number;
}

/** Knows what the model has said, by item, so that it can be told what of it was heard. */
export class SpokenItems {
  readonly #items = new Map<string, SpokenItem>();
  /** Ids of items and of responses: nothing of them may be played any more. */
  readonly #cut = new Set<string>();

  /** False: it was cut off before, and this is stale. */
  take(itemId: string | null, responseId: string | null, contentIndex: number, samples: number): boolean {
    if (this.#isCut(itemId) || this.#isCut(responseId)) return false;
    if (itemId === null) return true;
    const item = this.#items.get(itemId);
    if (item !== undefined) item.samples += samples;
    else {
      this.#items.set(itemId, { contentIndex, samples, complete: false });
      forgetOldest(this.#items);
    }
    return true;
  }

  complete(itemId: string): void {
    const item = this.#items.get(itemId);
    if (item !== undefined) item.complete = true;
  }

  /** Nothing of what was said so far, nor of this response, is played from now on. */
  cut(responseId: string | null): void {
    for (const id of this.#items.keys()) this.#cut.add(id);
    if (responseId !== null) this.#cut.add(responseId);
    forgetOldest(this.#cut);
  }

  /** What the model must be told of items that a clear took from the queue. Items that were heard to their end are not among them. */
  truncations(played: readonly PlayedItem[]): readonly Truncation[] {
    return played.flatMap(({ itemId, playedMs }) => {
      const item = this.#items.get(itemId);
      if (item === undefined) return [];
      this.#items.delete(itemId);
      const receivedMs = Math.floor(samplesToMs(item.samples, RATE));
      const audioEndMs = Math.min(Math.floor(playedMs), receivedMs);
      if (item.complete && audioEndMs === receivedMs) return [];
      return [{ itemId, contentIndex: item.contentIndex, audioEndMs }];
    });
  }

  #isCut(id: string | null): boolean {
    return id !== null && this.#cut.has(id);
  }
}
