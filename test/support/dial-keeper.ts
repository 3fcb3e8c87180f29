import { DialProcess } from './dial-process.ts';
import type { CrashPoint } from './dial-process-points.ts';

/**
 * Keeps a service running that is killed all the time: whenever it dies, the next process starts, which was loaded
 * beforehand.
 */
export class DialKeeper {
  /** Deaths so far. */
  deaths = 0;
  readonly #environment: Readonly<Record<string, string>>;
  #current: DialProcess;
  #next: DialProcess;
  #url: string | null = null;
  #closed = false;
  #fault: unknown = null;
  readonly #running: Promise<void>;

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
    this.#current = new DialProcess(environment);
    this.#next = new DialProcess(environment);
    this.#running = this.#run().catch((fault) => {
      this.#fault = fault;
    });
  }

  /** Where the service is; null while it is not. Throws if it ended other than by being killed. */
  get url(): string | null {
    if (this.#fault !== null) throw this.#fault;
    return this.#url;
  }

  /** In this very moment. */
  kill(): void {
    this.#url = null;
    this.#current.kill();
  }

  arm(point: CrashPoint): void {
    this.#current.arm(point);
  }

  /** The process after this one. */
  armNext(point: CrashPoint): void {
    this.#next.arm(point);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.kill();
    this.#next.kill();
    await this.#running;
    await Promise.all([this.#current.gone, this.#next.gone]);
  }

  async #run(): Promise<void> {
    for (;;) {
      const url = await this.#current.start();
      this.#url = this.#current.running ? url : null;
      await this.#current.gone;
      this.#url = null;
      if (this.#closed) return;
      this.deaths += 1;
      this.#current = this.#next;
      this.#next = new DialProcess(this.#environment);
    }
  }
}
