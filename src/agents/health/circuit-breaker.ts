/**
 * - `closed`: calls go to the agent
 * - `open`: it failed too often just now, calls go past it
 * - `trial`: the wait is over and one call may try; what comes of it decides
 */
type Circuit = 'closed' | 'open' | 'trial';

/** Failures in a row that open the circuit, and how long it then stays open: doubled each time that a trial fails. */
const FAILURES_TO_OPEN = 3;
const FIRST_OPEN_MS = 5_000;
const LONGEST_OPEN_MS = 60_000;
/** A trial without an outcome by then does not hold the place of the next one for ever. */
const TRIAL_MS = 60_000;

/** Whether one agent is worth trying. Times in milliseconds of any one clock. */
export class CircuitBreaker {
  #failures = 0;
  #openMs = FIRST_OPEN_MS;
  /** null while closed. */
  #openUntil: number | null = null;
  #trialSince: number | null = null;
  #proof: boolean | null = null;

  /** Whether the last that was heard of the agent was good; null if nothing was. */
  get proof(): boolean | null {
    return this.#proof;
  }

  /** Whether a call may go to the agent now. Taking the trial's place is part of the answer. */
  admits(now: number): boolean {
    const state = this.#stateAt(now);
    if (state === 'closed') return true;
    if (state === 'open') return false;
    if (this.#trialSince !== null && now - this.#trialSince < TRIAL_MS) return false;
    this.#trialSince = now;
    return true;
  }

  succeeded(): void {
    this.#proof = true;
    this.#failures = 0;
    this.#openMs = FIRST_OPEN_MS;
    this.#openUntil = null;
    this.#trialSince = null;
  }

  /** The call that tried had no outcome: its caller was gone first. */
  abandoned(): void {
    this.#trialSince = null;
  }

  /** Something speaks for the agent, though not a call: the next one may try at once. */
  encouraged(now: number): void {
    this.#proof = true;
    if (this.#openUntil !== null) this.#openUntil = Math.min(this.#openUntil, now);
  }

  failed(now: number): void {
    this.#proof = false;
    this.#failures += 1;
    const trial = this.#stateAt(now) === 'trial';
    this.#trialSince = null;
    if (this.#failures < FAILURES_TO_OPEN) return;
    // Failures of calls that were under way when it opened say nothing new.
    if (this.#stateAt(now) === 'open') return;
    if (trial) this.#openMs = Math.min(2 * this.#openMs, LONGEST_OPEN_MS);
    this.#openUntil = now + this.#openMs;
  }

  #stateAt(now: number): Circuit {
    if (this.#openUntil === null) return 'closed';
    return now < this.#openUntil ? 'open' : 'trial';
  }
}
