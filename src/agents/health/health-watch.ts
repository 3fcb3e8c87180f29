import { type Finding, type Probed, probe } from './probe.ts';

export interface HealthWatchOptions {
  /** The agents that calls can come to now. */
  readonly agents: () => readonly Probed[];
  readonly allowLinkLocal: boolean;
  readonly onFinding: (agentId: string, finding: Finding) => void;
  /** Between two looks at the same agent, milliseconds. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 15_000;

/** Looks at every agent now and then, so that one that is away is known before a caller rings. */
export class HealthWatch {
  readonly #options: HealthWatchOptions;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #stopped = false;

  constructor(options: HealthWatchOptions) {
    this.#options = options;
  }

  /** The first look is at once. */
  start(): void {
    this.#look();
    this.#timer = setInterval(() => this.#look(), this.#options.intervalMs ?? INTERVAL_MS);
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
  }

  #look(): void {
    // A look that takes longer than the interval is not begun twice.
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = null;
    });
  }

  async #lookAtAll(): Promise<void> {
    const { agents, allowLinkLocal, onFinding } = this.#options;
    await Promise.all(
      agents().map(async (probed) => {
        const finding = await probe(probed, allowLinkLocal);
        if (finding !== null && !this.#stopped) onFinding(probed.target.id, finding);
      }),
    );
  }
}
