import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** The bridge under load, in a process of its own, so that its CPU and memory are its own. */
export class BridgeProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Starts the service as `npm start` does and waits until it answers. Rejects if it ends before. */
  static async start(
    environment: Readonly<Record<string, string>>,
    port: number,
    flags: readonly string[] = [],
  ): Promise<BridgeProcess> {
    const child = spawn(process.execPath, [...flags, 'src/cli.ts', 'start'], {
      env: { ...process.env, ...environment, TALKWIRE_PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const url = `http://127.0.0.1:${port}`;
    const bridge = new BridgeProcess(child, url);
    for (let attempt = 0; attempt < 600; attempt += 1) {
      if (child.exitCode !== null) throw new Error(`the bridge ended with code ${child.exitCode}`);
      if (await isReady(url)) return bridge;
      await new Promise((wake) => setTimeout(wake, 50));
    }
    await bridge.stop('SIGKILL');
    throw new Error('the bridge did not become ready');
  }

  /** User and system time of all its threads so far, milliseconds. */
  cpuMs(): number {
    return this.#cpuMs('stat');
  }

  /** The same of the thread that serves HTTP. */
  mainCpuMs(): number {
    return this.#cpuMs(`task/${this.#child.pid}/stat`);
  }

  #cpuMs(file: string): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/${file}`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return ticks * 10;
  }

  /** Resident memory, MiB. */
  rssMb(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
}
