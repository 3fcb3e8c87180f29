import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What this process holds open, its worker threads included, as the kernel tells it. */
export interface OpenThings {
  readonly udpSockets: number;
  /** Paths of open files, sorted; sockets, pipes and the like are left out. */
  readonly files: readonly string[];
}

export function openThings(): OpenThings {
  const targets = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The descriptor of the listing itself, or one closed meanwhile by another thread.
      return [];
    }
  });
  const udp = new Set([...inodesOf('/proc/self/net/udp'), ...inodesOf('/proc/self/net/udp6')]);
  return {
    udpSockets: targets.filter((target) => udp.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')).length,
    files: targets.filter((target) => target.startsWith('/') && !/^\/(dev|proc)\//.test(target)).sort(),
  };
}

/** Timers of the main thread that keep the process alive. */
export function liveTimers(): number {
  return process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
}

/** Resolves when no timer came or went for 100 ms: what just started has set its own. */
export async function timersAtRest(): Promise<void> {
  let count = liveTimers();
  for (let quiet = 0; quiet < 5; quiet += 1) {
    await new Promise((wake) => setTimeout(wake, 20));
    if (liveTimers() !== count) quiet = 0;
    count = liveTimers();
  }
}

/** Asks again and again for up to `timeoutMs`; rejects with the last answer that was not yet `wanted`. */
export async function settles<T>(what: string, ask: () => T, wanted: (answer: T) => boolean, timeoutMs: number) {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const answer = ask();
    if (wanted(answer)) return answer;
    if (Date.now() > until) throw new Error(`${what} after ${timeoutMs} ms: ${JSON.stringify(answer)}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

function inodesOf(table: string): string[] {
  const [, ...lines] = readFileSync(table, 'utf8').trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/)[9] ?? '');
}
