import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `talkwire start` in a process of its own, with exactly the variables that it is given. */
export class ServiceProcess {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #complaint = '';

  constructor(environment: Readonly<Record<string, string>>) {
    const { PATH = '', TALKWIRE_LOG_FILE = '' } = process.env;
    this.#child = spawn(process.execPath, ['src/cli.ts', 'start'], {
      env: { PATH, TALKWIRE_LOG_FILE, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint += chunk.toString();
    });
    // `close` comes when all that was written has been read.
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }) as Exit);
  }

  /** What was written to the standard error output. */
  get complaint(): string {
    return this.#complaint;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when it takes calls. Rejects if it ends before. */
  async ready(url: string): Promise<void> {
    while (this.running) {
      const answer = await fetch(`${url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await sleep(25);
    }
    throw new Error(`the service did not start: ${this.complaint}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it as a crash does: nothing of it runs any more. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}
