import type { MetaInput } from '../call/index.ts';
import type { IncomingCallEvent } from './incoming.ts';

/** Longer, and Graph's own answer is not coming any more: the dial is given up by then (CallPolicy.connectWatchMs). */
const KEPT_MS = 120_000;
/** Of all numbers together. Other apps of the account dial as well, and what is said of their calls comes here too. */
const MAX_EVENTS = 1_000;

export interface EarlyEventsOptions {
  /** An event whose call turned out to be nobody's, or that there was no room for. */
  readonly onDropped: (event: IncomingCallEvent, why: string) => void;
}

interface Unknown {
  readonly phoneNumberId: string;
  readonly until: number;
  readonly events: IncomingCallEvent[];
  /** It is in other hands, or nobody's. */
  readonly gone: PromiseWithResolvers<void>;
}

/**
 * What Meta says of outbound calls that no call here has the name of yet: webhooks may overtake the answer to our own
 * connect (meta-calling.md §12). Kept for a while, and never more than there is room for: the oldest call goes first.
 */
export class EarlyEvents {
  readonly #options: EarlyEventsOptions;
  /** By Meta's id, the oldest first. */
  readonly #unknown = new Map<string, Unknown>();
  #size = 0;

  constructor(options: EarlyEventsOptions) {
    this.#options = options;
  }

  /** Events that are kept. */
  get size(): number {
    return this.#size;
  }

  /** @param at Unix milliseconds */
  keep(event: IncomingCallEvent, at: number): void {
    this.#dropOlder(at);
    const { callId, phoneNumberId } = event.identity;
    const unknown = this.#unknown.get(callId) ?? {
      phoneNumberId,
      until: at + KEPT_MS,
      events: [],
      gone: Promise.withResolvers<void>(),
    };
    this.#unknown.set(callId, unknown);
    unknown.events.push(event);
    this.#size += 1;
    for (const [oldest] of this.#unknown) {
      if (this.#size <= MAX_EVENTS) return;
      this.#drop(oldest, 'too many calls without a name');
    }
  }

  /** Meta's id of the oldest call that something was said of which fits; null if there is none. */
  idOf(fits: (identity: IncomingCallEvent['identity']) => boolean): string | null {
    for (const [callId, { events }] of this.#unknown) if (events.some(({ identity }) => fits(identity))) return callId;
    return null;
  }

  /** Resolves when nothing that was said of a call is kept here. */
  async left(callId: string): Promise<void> {
    await this.#unknown.get(callId)?.gone.promise;
  }

  /** What was said of a call, in the order it came, now that it is known whose it is. */
  take(callId: string): readonly MetaInput[] {
    return this.#remove(callId).map(({ input }) => input);
  }

  /** No call of this number waits for a name any more. */
  dropOf(phoneNumberId: string): void {
    for (const [callId, unknown] of this.#unknown) {
      if (unknown.phoneNumberId === phoneNumberId) this.#drop(callId, 'not dialled here');
    }
  }

  #dropOlder(at: number): void {
    for (const [callId, { until }] of this.#unknown) {
      if (until > at) return;
      this.#drop(callId, 'nobody claimed it');
    }
  }

  #drop(callId: string, why: string): void {
    for (const event of this.#remove(callId)) this.#options.onDropped(event, why);
  }

  #remove(callId: string): readonly IncomingCallEvent[] {
    const unknown = this.#unknown.get(callId);
    if (unknown === undefined) return [];
    this.#unknown.delete(callId);
    this.#size -= unknown.events.length;
    unknown.gone.resolve();
    return unknown.events;
  }
}
