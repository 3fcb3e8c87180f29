import type { ErrorEvent } from './server-events.ts';

/** A response that is wanted of the model. */
export interface WantedResponse {
  /** In place of the session's, for this response; null: the session's. */
  readonly instructions: string | null;
}

const ALREADY_ACTIVE = 'conversation_already_has_active_response';

/**
 * Asks for responses one after the other: a service has one at a time, refuses a second one, and makes its own when the
 * person has spoken.
 */
export class ResponseTurns {
  readonly #ask: (response: WantedResponse, eventId: string) => void;
  /** Not now: something that the response must know of is still to come. */
  readonly #waits: () => boolean;
  #isActive = false;
  #activeId: string | null = null;
  #wanted: WantedResponse | null = null;
  /** Asked for, and neither begun nor refused. */
  #asked: { readonly response: WantedResponse; readonly eventId: string; answered: boolean } | null = null;
  #count = 0;

  constructor(ask: (response: WantedResponse, eventId: string) => void, waits: () => boolean) {
    this.#ask = ask;
    this.#waits = waits;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** Of the response that is being made; null also if it has no id. */
  get activeId(): string | null {
    return this.#activeId;
  }

  want(instructions: string | null): void {
    this.#wanted = { instructions: instructions ?? this.#wanted?.instructions ?? null };
    this.next();
  }

  /** The person speaks; what they say is answered by the service, which makes what was wanted needless. */
  forget(): void {
    this.#wanted = null;
    this.#asked = null;
  }

  created(id: string | null): void {
    this.#isActive = true;
    this.#activeId = id;
    if (this.#asked !== null) this.#asked.answered = true;
  }

  done(): void {
    this.#isActive = false;
    this.#activeId = null;
    this.next();
  }

  /** True if it was about a response that we asked for. One that was only asked for too early is wanted still. */
  refused({ code, about }: ErrorEvent): boolean {
    const asked = this.#asked;
    if (asked === null) return false;
    const isAlreadyActive = code === ALREADY_ACTIVE;
    if (about === null ? !isAlreadyActive : about !== asked.eventId) return false;
    this.#asked = null;
    // Asked for again when the one that is in the way is done, not now: that would be refused again.
    if (isAlreadyActive) this.#wanted ??= asked.response;
    return true;
  }

  /** Asks, if something is wanted and it is time. */
  next(): void {
    const isAsked = this.#asked !== null && !this.#asked.answered;
    if (this.#wanted === null || this.#isActive || isAsked || this.#waits()) return;
    this.#count += 1;
    this.#asked = { response: this.#wanted, eventId: `talkwire-response-${this.#count}`, answered: false };
    this.#wanted = null;
    this.#ask(this.#asked.response, this.#asked.eventId);
  }
}
