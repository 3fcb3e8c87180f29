import type { TestCall } from './call.ts';

/** Far more than any of these calls needs: a machine that asks for the same timer again and again is caught here. */
const MAX_EVENTS = 1_000;

/** What is to happen around one call machine, on a virtual clock. */
export class Agenda {
  #now: number;
  #order = 0;
  readonly #entries: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  /** Unix milliseconds. */
  get now(): number {
    return this.#now;
  }

  in(delayMs: number, run: () => void): void {
    this.#order += 1;
    this.#entries.push({ at: this.#now + delayMs, order: this.#order, run });
  }

  /** Runs everything in its time, and `wake` at the deadlines of the call, until nothing is left. */
  run(call: TestCall, wake: (at: number) => void): void {
    for (let events = 0; events < MAX_EVENTS; events += 1) {
      const next = this.#entries.sort((a, b) => a.at - b.at || a.order - b.order)[0];
      const { deadline } = call;
      if (deadline !== null && (next === undefined || deadline < next.at)) {
        this.#now = Math.max(this.#now, deadline);
        wake(this.#now);
      } else if (next !== undefined) {
        this.#entries.shift();
        this.#now = next.at;
        next.run();
      } else return;
    }
    throw new Error(`the call is ${call.phase} and does not come to rest`);
  }
}
