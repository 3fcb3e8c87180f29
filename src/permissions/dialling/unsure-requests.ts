import { readReport } from '../ledger.ts';
import { limitsOf } from '../limits.ts';
import { permissionNow } from '../permission-now.ts';
import type { PermissionBook, PermissionClock } from '../ports.ts';
import { neverReached } from '../unsure-request.ts';
import type { GraphLessons } from './graph-lessons.ts';

export interface UnsureRequestsOptions {
  readonly book: Pick<PermissionBook, 'read' | 'unsureRequests' | 'unsureRequest' | 'requestLost' | 'waiting' | 'wait'>;
  /** As `GraphLessons.read`. */
  readonly read: GraphLessons['read'];
  readonly clock: PermissionClock;
  /** A dial may have become due. */
  readonly onDue: () => void;
  readonly onFault: (during: string, fault: unknown) => void;
}

/** What has left for Graph has arrived and is counted after this, or never will be, milliseconds. */
const ARRIVED_MS = 10_000;
/** A dial whose requests are lost again and again is asked for more and more seldom: so many times as late each time. */
const LATER = 4;
const LATEST_MS = 6 * 3_600_000;
/** Between two of them: calls that are placed now need the rate of reads more. */
const PACE_MS = 500;
/** How long a read may wait for its place in the rate, milliseconds. */
const PLACE_WAIT_MS = 5_000;
/** What fails is tried again after these. Then it is left as it is, until the next start. */
const RETRIES_MS: readonly number[] = [10_000, 60_000, 300_000, 1_800_000];
/** While a call with the user is live, it may have been picked up without our knowing yet, which begins Graph's count anew. */
const LIVE_MS = 60_000;

/** When something is looked at, and how often that has failed. */
interface Look {
  readonly at: number;
  readonly failures: number;
}

type Verdict = 'settled' | 'unheard' | { readonly lookAt: number };

/** The looking for what an earlier process left. */
const EARLIER = Symbol('requests of an earlier process');

/**
 * Settles what became of requests for permission that Graph did not answer, and of those that a process was sending when it
 * died: Graph's own count says whether it has them. One that it never had counts no more, and its dial asks anew.
 *
 * Nothing is looked at while this process may still be sending it: it is told of a request when the sending is over, and
 * looks by itself only for requests that are older than this process.
 */
export class UnsureRequests {
  readonly #options: UnsureRequestsOptions;
  readonly #bornAt: number;
  /** By id of the request. */
  readonly #looks = new Map<string | typeof EARLIER, Look>();
  #nextAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => {};
  #looking: Promise<void> | null = null;
  #open = false;

  constructor(options: UnsureRequestsOptions) {
    this.#options = options;
    this.#bornAt = options.clock.now();
  }

  start(): void {
    this.#open = true;
    this.#lookAt(EARLIER, this.#options.clock.now() + ARRIVED_MS);
  }

  /** Resolves when what is under way is done. */
  async stop(): Promise<void> {
    this.#open = false;
    this.#cancelTimer();
    await this.#looking;
  }

  /** The sending of a request is over, and it may be unsure. */
  doubt(requestId: string): void {
    this.#lookAt(requestId, this.#options.clock.now() + ARRIVED_MS);
  }

  #lookAt(what: string | typeof EARLIER, at: number, failures = 0): void {
    this.#looks.set(what, { at, failures });
    this.#setTimer();
  }

  #setTimer(): void {
    this.#cancelTimer();
    if (!this.#open || this.#looking !== null || this.#looks.size === 0) return;
    const earliest = [...this.#looks.values()].reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
    this.#cancelTimer = this.#options.clock.at(Math.max(earliest, this.#nextAt), () => {
      this.#looking = this.#lookAtOne().finally(() => {
        this.#looking = null;
        this.#setTimer();
      });
    });
  }

  /** Never two at once. */
  async #lookAtOne(): Promise<void> {
    const { clock, onDue } = this.#options;
    const due = [...this.#looks].find(([, { at }]) => at <= clock.now());
    if (due !== undefined) {
      const [what, { failures }] = due;
      this.#looks.delete(what);
      const verdict = await this.#guarded(() => (what === EARLIER ? this.#findEarlier() : this.#settle(what)));
      const retryMs = RETRIES_MS[failures];
      if (verdict === 'unheard' && retryMs !== undefined) this.#lookAt(what, clock.now() + retryMs, failures + 1);
      if (typeof verdict === 'object') this.#lookAt(what, verdict.lookAt, failures);
      onDue();
    }
    this.#nextAt = clock.now() + PACE_MS;
  }

  async #guarded(work: () => Promise<Verdict>): Promise<Verdict> {
    try {
      return await work();
    } catch (fault) {
      this.#options.onFault('looking for requests that were lost', fault);
      return 'unheard';
    }
  }

  async #findEarlier(): Promise<Verdict> {
    const { book, clock } = this.#options;
    // An older one can be answered no more, and is in no period that Graph reports.
    const after = this.#bornAt - limitsOf('production').requestLifeMs;
    for (const id of await book.unsureRequests(after, this.#bornAt)) {
      if (!this.#looks.has(id)) this.#lookAt(id, clock.now());
    }
    return 'settled';
  }

  async #settle(requestId: string): Promise<Verdict> {
    const { book, clock, read } = this.#options;
    const request = await book.unsureRequest(requestId);
    if (request === null) return 'settled';
    const { phoneNumberId, user, dialId, at, times } = request;
    const ripeAt = at + Math.min(LATEST_MS, ARRIVED_MS * LATER ** (times - 1));
    if (ripeAt > clock.now()) return { lookAt: ripeAt };
    const heard = await read(phoneNumberId, user, PLACE_WAIT_MS);
    const report = heard?.type === 'report' ? readReport(heard.body, heard.at) : null;
    if (report === null) return 'unheard';
    const now = clock.now();
    const { pair } = await book.read(phoneNumberId, user, now);
    if (pair.liveCall !== null) return { lookAt: now + LIVE_MS };
    const isAllowed = permissionNow(pair, limitsOf('production'), now).status !== 'none';
    if (neverReached(request, report, pair.lastConnectedAt)) await book.requestLost(request, now);
    else if (isAllowed && dialId !== null) await this.#wake(dialId, now);
    return 'settled';
  }

  /** The user allows calls, and the webhook that would say so may be the one that is lost. */
  async #wake(dialId: string, now: number): Promise<void> {
    const { book } = this.#options;
    const dial = await book.waiting(dialId);
    if (dial?.state === 'awaiting_permission') await book.wait({ ...dial, nextAt: now }, now);
  }
}
