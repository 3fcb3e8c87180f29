import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Order, Word } from './dial-process-child.ts';
import type { CrashPoint } from './dial-process-points.ts';

const CHILD = fileURLToPath(new URL('./dial-process-child.ts', import.meta.url));

/** A service without sound, in a process of its own that can be killed. */
export class DialProcess {
  /** Resolves when it is gone, however. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;
  readonly #warm: Promise<unknown>;
  #complaint = '';

  /** Loads the code and waits. `child`: a module that prepares something, and then imports the usual one. */
  constructor(environment: Readonly<Record<string, string>>, child = CHILD) {
    const { PATH = '', TALKWIRE_LOG_FILE = '', NODE_COMPILE_CACHE = 'node_modules/.cache/node' } = process.env;
    this.#child = fork(child, {
      // Not the parent's own flags: those are for the tests.
      execArgv: [],
      env: { PATH, TALKWIRE_LOG_FILE, NODE_COMPILE_CACHE, ...environment },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint += chunk.toString();
    });
    this.gone = once(this.#child, 'close').then(() => {});
    this.#warm = this.#said('warm');
    this.#warm.catch(() => {});
  }

  /** Resolves to where it listens; null if it was killed before. */
  async start(): Promise<string | null> {
    try {
      await this.#warm;
      this.#tell({ type: 'start' });
      return (await this.#said('up')).url;
    } catch (fault) {
      if (this.#child.signalCode === 'SIGKILL') return null;
      throw fault;
    }
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && !this.#child.killed;
  }

  /** Has it die at a point of its code; one that has not started yet, maybe while it starts. */
  arm(point: CrashPoint): void {
    this.#warm.then(
      () => this.#tell({ type: 'arm', point }),
      () => {},
    );
  }

  /** In this very moment: nothing that is sent to it from now on is read. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #tell(order: Order): void {
    // One that is just dying needs no orders.
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  #said<T extends Word['type']>(type: T): Promise<Extract<Word, { type: T }>> {
    return new Promise((resolve, reject) => {
      this.#child.on('message', (word: Word) => {
        if (word.type === type) resolve(word as Extract<Word, { type: T }>);
      });
      this.gone.then(() => reject(new Error(`the service ended: ${this.#complaint}`)));
    });
  }
}
