import type { Clock, Debt, DebtBook, GraphPort } from './ports.ts';

/** Between two rounds. */
const INTERVAL_MS = 15_000;
/** After this, Meta has long ended the call by itself and telling it is pointless. */
const POINTLESS_AFTER_MS = 60 * 60_000;

export interface DebtCollectorOptions {
  readonly clock: Clock;
  readonly graph: GraphPort;
  readonly debts: DebtBook;
  /** Debts of calls that are live here are left to their runner. */
  readonly isLive: (callId: string) => boolean;
  readonly onFault: (fault: unknown) => void;
}

/** Tells Graph what a crash or an outage kept us from telling it: rejects and terminates that are still owed. */
export class DebtCollector {
  readonly #options: DebtCollectorOptions;
  #cancel: (() => void) | null = null;
  #again = false;
  #stopped = false;
  #round: Promise<void> = Promise.resolve();

  constructor(options: DebtCollectorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#round = this.#collect();
  }

  /** Something new is owed that no live call looks after: begins a round now, or after the one under way. */
  wake(): void {
    this.#again = true;
    // Without a timer a round is under way, which sees `#again`, or it was not started yet, or is stopped.
    if (this.#cancel !== null) this.#next();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#round;
  }

  async #collect(): Promise<void> {
    const { clock, debts, isLive, onFault } = this.#options;
    this.#again = false;
    try {
      for (const debt of await debts.open()) {
        if (this.#stopped) return;
        if (!isLive(debt.callId)) await this.#pay(debt);
      }
    } catch (fault) {
      onFault(fault);
    }
    if (this.#stopped) return;
    this.#cancel = clock.at(clock.now() + (this.#again ? 0 : INTERVAL_MS), () => this.#next());
  }

  #next(): void {
    if (this.#stopped) return;
    this.#cancel?.();
    this.#cancel = null;
    this.#round = this.#collect();
  }

  async #pay(debt: Debt): Promise<void> {
    const { clock, debts, graph } = this.#options;
    const { phoneNumberId, callId, action } = debt;
    const pointless = clock.now() - debt.since > POINTLESS_AFTER_MS;
    if (!pointless) {
      const result = await graph.act({ phoneNumberId, callId, action, sdp: null });
      if (result.type === 'graph.failed' && result.error.kind === 'unknown') return;
    }
    await debts.settle(callId, action);
  }
}
