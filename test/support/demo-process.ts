import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** `talkwire demo` in a process of its own. */
export class DemoProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #watch: () => void = () => {};
  stdout = '';
  stderr = '';

  constructor(...options: string[]) {
    this.#child = spawn(process.execPath, ['src/cli.ts', 'demo', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (text: Buffer) => {
      this.stdout += text;
      this.#watch();
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.stderr += text;
    });
    this.#exited = once(this.#child, 'close').then(() => this.#watch());
  }

  /** Resolves to the exit code, or to the name of the signal that ended it. */
  async exit(): Promise<number | string | null> {
    await this.#exited;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** Resolves to what `pattern` found in the output. Rejects if the process ends without. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      this.#watch = () => {
        const found = pattern.exec(this.stdout);
        if (found !== null) resolve(found);
        else if (this.#child.exitCode !== null) reject(new Error(`the demo ended before ${pattern}: ${this.stderr}`));
      };
      this.#watch();
    });
  }

  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  /** Ends it if it has not ended by itself. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
