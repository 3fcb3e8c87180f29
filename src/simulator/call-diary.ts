/**
 * Points that a call passes, in their usual order.
 * - ringing: the connect webhook went out (or is held back by a fault); of a call of the business, the phone rings
 * - webhook_answered: the bridge took the connect webhook with 200
 * - connected: ICE and DTLS are up
 * - heard: first media of the business came
 * - accepted: somebody picked up
 * - spoken: the phone has said all it had to say
 * - closed: the terminate webhook is settled and the handset is gone
 */
export type Milestone =
  | 'ringing'
  | 'webhook_answered'
  | 'pre_accepted'
  | 'connected'
  | 'accepted'
  | 'heard'
  | 'spoken'
  | 'ended'
  | 'closed';

/** `at` in Unix milliseconds, with fractions. */
export interface TimelineEntry {
  readonly at: number;
  readonly type: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

/** What can still come after the end. */
const AFTER_END: readonly Milestone[] = ['webhook_answered', 'closed'];

interface Waiter {
  readonly milestone: Milestone;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** What happened to one call, when; and a way to wait for it. */
export class CallDiary {
  readonly timeline: TimelineEntry[] = [];
  readonly #reached = new Map<Milestone, number>();
  readonly #waiters = new Set<Waiter>();
  #origin: Milestone | number = 'ringing';
  #watch: ((entry: TimelineEntry) => void) | null = null;

  /** From now on `since` counts from this moment, not from ringing. */
  startCounting(): void {
    this.#origin = now();
  }

  /** Calls `watch` with each entry from now on. */
  onEntry(watch: (entry: TimelineEntry) => void): void {
    this.#watch = watch;
  }

  note(type: string, data: TimelineEntry['data'] = {}): void {
    const entry = { at: now(), type, data };
    this.timeline.push(entry);
    this.#watch?.(entry);
  }

  /** Only the first time counts. */
  reach(milestone: Milestone, data: TimelineEntry['data'] = {}): void {
    if (this.#reached.has(milestone)) return;
    this.note(milestone, data);
    this.#reached.set(milestone, this.timeline.at(-1)?.at ?? 0);
    for (const waiter of this.#waiters) {
      if (waiter.milestone === milestone) this.#settle(waiter, null);
      else if (this.#isPast(waiter.milestone)) this.#settle(waiter, tooLate(waiter.milestone));
    }
  }

  /** When it was reached, Unix milliseconds, or null. */
  at(milestone: Milestone): number | null {
    return this.#reached.get(milestone) ?? null;
  }

  /** Milliseconds from ringing (or where counting was started) to `milestone`, or null if it was not reached. */
  since(milestone: Milestone): number | null {
    const at = this.at(milestone);
    const origin = typeof this.#origin === 'number' ? this.#origin : this.at(this.#origin);
    return at === null || origin === null ? null : at - origin;
  }

  /** Rejects with a sentence as soon as it cannot come any more, or when `timeoutMs` pass. */
  waitFor(milestone: Milestone, timeoutMs: number): Promise<void> {
    if (this.#reached.has(milestone)) return Promise.resolve();
    if (this.#isPast(milestone)) return Promise.reject(new Error(tooLate(milestone)));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const last = [...this.#reached.keys()].at(-1) ?? 'nothing';
        this.#settle(waiter, `The call did not reach ${milestone} within ${timeoutMs} ms; it got to ${last}.`);
      }, timeoutMs);
      const waiter: Waiter = { milestone, resolve, reject, timer };
      this.#waiters.add(waiter);
    });
  }

  #isPast(milestone: Milestone): boolean {
    return this.#reached.has(AFTER_END.includes(milestone) ? 'closed' : 'ended');
  }

  #settle(waiter: Waiter, failure: string | null): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
    if (failure === null) waiter.resolve();
    else waiter.reject(new Error(failure));
  }
}

function tooLate(milestone: Milestone): string {
  return `The call ended before it reached ${milestone}.`;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
