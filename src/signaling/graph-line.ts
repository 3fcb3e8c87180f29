import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import { type Exchange, exchange } from './graph-exchange.ts';
import { authorizationOf, graphPrefix } from './graph-place.ts';
import type { GraphCredentials, NumberDirectory, SignalingObserver } from './ports.ts';
import { retryDelayMs } from './retry-delay.ts';

export interface GraphLineOptions {
  readonly baseUrl: string;
  readonly version: string | null;
  readonly directory: NumberDirectory;
  readonly dispatcher?: Dispatcher;
  readonly observer: Required<SignalingObserver>;
}

/** One thing asked of Graph, in as many attempts as are allowed. */
export interface GraphJob<Verdict> {
  readonly method: 'GET' | 'POST';
  readonly phoneNumberId: string;
  /** What comes after the number's id: `calls`, with its query if it has one; or a query alone. */
  readonly resource: string;
  /** JSON; null of a GET. */
  readonly body: string | Uint8Array | null;
  /** Such as `v23.0`, for this job alone; null or nothing: the line's own. */
  readonly version?: string | null;
  /** In place of the number's own: of one that is not kept yet. */
  readonly credentials?: GraphCredentials;
  /** For all attempts together, pauses included. */
  readonly budgetMs: number;
  /** For one attempt; null: it may take what is left of the budget. */
  readonly attemptMs: number | null;
  /** Called once for each attempt, in order; or once without an attempt if we cannot speak for the number. */
  judge(outcome: Exchange): Verdict;
  mayRepeat(outcome: Exchange, verdict: Verdict, attempts: number): boolean;
}

/** The way to Graph: its address, the credentials of each number, connections, attempts. */
export interface GraphLine {
  /** Never rejects. */
  run<Verdict>(job: GraphJob<Verdict>): Promise<{ readonly verdict: Verdict; readonly attempts: number }>;
  /** Waits for what is under way; no new attempt begins. */
  close(): Promise<void>;
}

/** Why nothing was sent: the number has no credentials. */
export const NO_CREDENTIALS = 'no credentials';

export function openGraphLine(options: GraphLineOptions): GraphLine {
  const { directory, dispatcher: given, observer, version } = options;
  const base = new URL(options.baseUrl);
  // Calls come in bursts: idle connections are kept long enough for pre_accept and accept to share one.
  const dispatcher =
    given ?? new Agent({ keepAliveTimeout: 15_000, connections: 64, allowH2: false, connect: { timeout: 3_000 } });
  const closing = new AbortController();

  async function run<Verdict>(job: GraphJob<Verdict>): Promise<{ verdict: Verdict; attempts: number }> {
    const deadline = performance.now() + job.budgetMs;
    const credentials = job.credentials ?? (await credentialsOf(job.phoneNumberId));
    if ('type' in credentials) return { verdict: job.judge(credentials), attempts: 0 };
    const { method, body, attemptMs } = job;
    const prefix = graphPrefix(base, version, job.version ?? null);
    const below = job.resource.startsWith('?') ? job.resource : `/${job.resource}`;
    const path = `${prefix}/${encodeURIComponent(job.phoneNumberId)}${below}`;
    const headers = headersFor(credentials, body !== null);
    for (let attempts = 1; ; attempts += 1) {
      const left = Math.max(1, deadline - performance.now());
      const timeoutMs = attemptMs === null ? left : Math.min(left, attemptMs);
      const request = { method, origin: base.origin, path, headers, body, timeoutMs, secret: credentials.secret };
      const outcome = await exchange(dispatcher, request);
      const verdict = job.judge(outcome);
      if (isFaultOfOurs(outcome) || !job.mayRepeat(outcome, verdict, attempts)) return { verdict, attempts };
      const retryAfter = outcome.type === 'answered' ? outcome.retryAfter : null;
      const pause = retryDelayMs(attempts, retryAfter, Date.now());
      if (performance.now() + pause >= deadline) return { verdict, attempts };
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
      if (closing.signal.aborted) return { verdict, attempts };
    }
  }

  async function credentialsOf(phoneNumberId: string): Promise<GraphCredentials | Exchange> {
    try {
      return (await directory.credentials(phoneNumberId)) ?? unsent(NO_CREDENTIALS);
    } catch (fault) {
      observer.onFault('reading credentials', fault);
      return unsent('the credentials of this number could not be read');
    }
  }

  return {
    run,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      if (given === undefined) await dispatcher.close();
    },
  };
}

function unsent(why: string): Exchange {
  return { type: 'unanswered', sent: false, why };
}

/** The next attempt would meet it again. */
function isFaultOfOurs(outcome: Exchange): boolean {
  return outcome.type === 'unanswered' && NEVER_WILL.has(outcome.why);
}

const NEVER_WILL: ReadonlySet<string> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

function headersFor(credentials: GraphCredentials, hasBody: boolean): Record<string, string> {
  return {
    ...authorizationOf(credentials),
    ...(hasBody && { 'content-type': 'application/json' }),
    accept: 'application/json',
  };
}
