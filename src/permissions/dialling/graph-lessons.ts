import { readReport } from '../ledger.ts';
import { limitsOf } from '../limits.ts';
import type {
  CallingWatch,
  Decide,
  DenyReason,
  GraphRead,
  GraphRefusal,
  PermissionBook,
  PermissionClock,
  UserRef,
} from '../ports.ts';
import type { LiveReader } from './live-reader.ts';

/** A report this young is not asked for again when the ledger would allow the call anyway, milliseconds. */
const FRESH_MS = 60_000;
/** When the ledger would not, Graph may know better: other programs call and ask as well. */
const FRESH_FOR_DENIAL_MS = 2_000;
/** How long such a doubt may wait for a place in the rate of reads. */
const DOUBT_WAIT_MS = 2_000;

/** Where Graph's report changes nothing: what is ours alone, or what it does not report. */
const NOT_REPORTED: ReadonlySet<DenyReason> = new Set([
  'call_ongoing',
  'too_many_calls',
  'dial_rate',
  'country_not_supported',
  'number_paused',
  'calling_disabled',
  'unanswered_guard',
  'window_closed',
  'messaging_tier',
]);

/** How long a refusal of a call holds for whomever is called when Graph names no time, milliseconds. */
const PAUSES: ReadonlyMap<number, number> = new Map([
  // A setting of the business, which it may have changed by then.
  [138013, 3_600_000],
  [138014, limitsOf('production').pauseMs],
]);
const CALL_LIMIT = 138012;
const CALLING_OFF = 138000;
/** A webhook tells when calling comes back. Should none come, Graph is asked, when its last word is this old, milliseconds. */
const OFF_IS_OLD_MS = 60_000;

export interface GraphLessonsOptions {
  readonly book: PermissionBook;
  readonly reader: LiveReader;
  readonly calling: CallingWatch;
  readonly clock: PermissionClock;
  /** Takes up what is in doubt. */
  readonly onDoubt: (requestId: string) => void;
}

/** What the ledger learns from Graph itself: reports that are read before a decision, refusals, and silence. */
export class GraphLessons {
  readonly #book: PermissionBook;
  readonly #reader: LiveReader;
  readonly #calling: CallingWatch;
  readonly #clock: PermissionClock;
  readonly #onDoubt: (requestId: string) => void;

  constructor({ book, reader, calling, clock, onDoubt }: GraphLessonsOptions) {
    this.#book = book;
    this.#reader = reader;
    this.#calling = calling;
    this.#clock = clock;
    this.#onDoubt = onDoubt;
  }

  /** Reads a report if the decision could change by it, and if the rate of reads has room. */
  async learnBefore(phoneNumberId: string, user: UserRef, decide: Decide): Promise<void> {
    const now = this.#clock.now();
    let state = await this.#book.read(phoneNumberId, user, now);
    const off = state.number.callingOff;
    if (off !== null && now - off.at >= OFF_IS_OLD_MS) {
      await this.#calling.recheck(phoneNumberId);
      state = await this.#book.read(phoneNumberId, user, now);
    }
    const decision = decide(state);
    if (decision.type === 'deny' && NOT_REPORTED.has(decision.reason)) return;
    const doubt = decision.type !== 'allow';
    const age = now - (state.pair.live?.at ?? Number.NEGATIVE_INFINITY);
    if (age < (doubt ? FRESH_FOR_DENIAL_MS : FRESH_MS)) return;
    await this.read(phoneNumberId, user, doubt ? DOUBT_WAIT_MS : 0);
  }

  /** Reads a report and writes it down. Null if the rate left no place within `waitMs`. */
  async read(
    phoneNumberId: string,
    user: UserRef,
    waitMs: number,
    version: string | null = null,
  ): Promise<GraphRead | null> {
    const result = await this.#reader.read(phoneNumberId, user, { waitMs, version });
    if (result?.type === 'report') {
      const report = readReport(result.body, result.at);
      if (report !== null) await this.#book.reported(phoneNumberId, user, report);
    }
    return result;
  }

  /** Graph refused a call or a request: what that says of limits holds from now on. */
  async refused(phoneNumberId: string, user: UserRef, refusal: Pick<GraphRefusal, 'code' | 'retryAt'>): Promise<void> {
    const { code, retryAt } = refusal;
    if (code === null) return;
    if (code === CALLING_OFF) return await this.#calling.recheck(phoneNumberId);
    const pauseMs = PAUSES.get(code);
    if (pauseMs !== undefined) return await this.#paused(phoneNumberId, user, { code, until: retryAt }, pauseMs);
    if (code === CALL_LIMIT && retryAt !== null) {
      return await this.#book.refused(phoneNumberId, user, code, retryAt, this.#clock.now());
    }
    // The report says what the ledger did not know: a permission that is gone, or one that is permanent.
    await this.read(phoneNumberId, user, DOUBT_WAIT_MS);
  }

  /** Graph did not say that it took a request: if it is not dropped by then, Graph's own count settles it a while later. */
  doubt(requestId: string): void {
    this.#onDoubt(requestId);
  }

  /** A time that Graph did not name is a guess, and no better than what was told before. */
  async #paused(
    phoneNumberId: string,
    user: UserRef,
    { code, until }: { readonly code: number; readonly until: number | null },
    guessMs: number,
  ): Promise<void> {
    const now = this.#clock.now();
    if (until !== null) return await this.#book.paused(phoneNumberId, { code, until }, now);
    const { number } = await this.#book.read(phoneNumberId, user, now);
    if (number.paused === null) await this.#book.paused(phoneNumberId, { code, until: now + guessMs }, null);
  }
}
