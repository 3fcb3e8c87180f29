import type { TimelineEvent } from '../call/index.ts';

/** Lines from outside the machine (transcripts, messages of the agent) per call: an agent must not fill the disk. */
const MAX_NOTES = 5_000;

/** Counts the lines of one call that its machine need not know. */
export class NoteLimit {
  #notes = 0;

  /** What is to be written; null: there were too many before, and the last one says so. */
  take(event: TimelineEvent): TimelineEvent | null {
    this.#notes += 1;
    if (this.#notes > MAX_NOTES) return null;
    if (this.#notes < MAX_NOTES) return event;
    return { at: event.at, type: 'notes_cut_off', data: { limit: MAX_NOTES } };
  }
}
