import type { Transcript } from '../../agent.ts';

/**
 * What the agent says, for the transcript. Its words come when it begins to speak, and once more if the person cut it short;
 * so they are final when something else is said.
 */
export class AgentWords {
  readonly #onTranscript: (transcript: Transcript) => void;
  #pending: { readonly eventId: number; readonly text: string } | null = null;

  constructor(onTranscript: (transcript: Transcript) => void) {
    this.#onTranscript = onTranscript;
  }

  said(eventId: number, text: string): void {
    this.settle();
    if (text.trim() === '') return;
    this.#pending = { eventId, text };
    this.#onTranscript({ party: 'agent', text, final: false });
  }

  /** Nothing is left of `text` if the person was faster than the first word. */
  wasCut(eventId: number, text: string): void {
    if (this.#pending?.eventId === eventId) this.#pending = text.trim() === '' ? null : { eventId, text };
    this.settle();
  }

  settle(): void {
    const pending = this.#pending;
    this.#pending = null;
    if (pending !== null) this.#onTranscript({ party: 'agent', text: pending.text, final: true });
  }
}
