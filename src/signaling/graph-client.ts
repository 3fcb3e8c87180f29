import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import type { GraphAction, GraphFailure, GraphResult } from '../call/index.ts';
import { classify, retryFor, ruleFor, saysAlreadyDone } from './graph-errors.ts';
import { type Exchange, exchange } from './graph-exchange.ts';
import type { GraphActRequest, GraphCredentials, NumberDirectory, SignalingObserver } from './ports.ts';
import { quietObserver } from './quiet-observer.ts';
import { retryDelayMs } from './retry-delay.ts';

export interface GraphClientOptions {
  /** `https://graph.facebook.com`, or a Kapso proxy such as `https://api.kapso.ai/meta/whatsapp`. */
  readonly baseUrl: string;
  /** Such as `v24.0`; null for a base URL that takes none (kapso-api.md §1). */
  readonly version: string | null;
  readonly directory: NumberDirectory;
  /** For one attempt at what may be repeated; default 4000. An accept may take the whole of its time. */
  readonly timeoutMs?: number;
  /** For all attempts of an action together, pauses included. */
  readonly budgetsMs?: Partial<Readonly<Record<GraphAction, number>>>;
  /** In place of the client's own connection pool; it is then not closed with the client. */
  readonly dispatcher?: Dispatcher;
  readonly observer?: SignalingObserver;
}

/** Sends the four actions of a call (meta-calling.md §2.1). Has the shape of the runtime's GraphPort. */
export interface GraphClient {
  /** Never rejects. `tookMs` counts all attempts. */
  act(request: GraphActRequest): Promise<GraphResult>;
  /** Waits for what is under way; no new attempt begins. */
  close(): Promise<void>;
}

/** The caller hears ring-back for 30 to 60 s and hangs up earlier (meta-calling.md §5); an ending may take its time. */
const BUDGETS_MS: Readonly<Record<GraphAction, number>> = {
  pre_accept: 8_000,
  accept: 8_000,
  reject: 10_000,
  terminate: 15_000,
};

/**
 * When an attempt is repeated:
 *
 * - Not one byte of it left: any action.
 * - It left, and no answer or a passing error came back: `pre_accept` (the same SDP again), `reject` and `terminate` (ending
 *   what is ended harms nobody). Never `accept`: a second accept of an accepted call is an error, so its outcome would be
 *   worse known than before. The failure then is of kind `unknown`.
 */
export function createGraphClient(options: GraphClientOptions): GraphClient {
  const { directory, dispatcher: given, timeoutMs = 4_000, version } = options;
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/+$/, '') + (version === null ? '' : `/${encodeURIComponent(version)}`);
  const budgets = { ...BUDGETS_MS, ...options.budgetsMs };
  const observer = quietObserver(options.observer);
  // Calls come in bursts: idle connections are kept long enough for pre_accept and accept to share one.
  const dispatcher =
    given ?? new Agent({ keepAliveTimeout: 15_000, connections: 64, allowH2: false, connect: { timeout: 3_000 } });
  const closing = new AbortController();

  async function act(request: GraphActRequest): Promise<GraphResult> {
    const started = performance.now();
    const { result, attempts } = await attemptAll(request, started);
    const tookMs = performance.now() - started;
    const told: GraphResult =
      result === 'ok' ? { type: 'graph.ok', action: request.action, tookMs } : failed(request, result);
    const { phoneNumberId, callId } = request;
    const alert = result !== 'ok' && result.code !== null && (ruleFor(result.code)?.alert ?? false);
    observer.onGraphAct({ phoneNumberId, callId, result: told, attempts, tookMs, alert });
    return told;
  }

  async function attemptAll(request: GraphActRequest, started: number): Promise<{ result: Verdict; attempts: number }> {
    const { action, phoneNumberId } = request;
    const needsSdp = action === 'pre_accept' || action === 'accept';
    if (needsSdp && request.sdp === null) return { result: local('refused', 'no SDP to answer with'), attempts: 0 };
    const credentials = await credentialsOf(phoneNumberId);
    if ('message' in credentials) return { result: credentials, attempts: 0 };

    const deadline = started + budgets[action];
    const path = `${prefix}/${encodeURIComponent(phoneNumberId)}/calls`;
    const headers = headersFor(credentials);
    const body = bodyFor(request);
    let maybeDone = false;
    for (let attempts = 1; ; attempts += 1) {
      const left = deadline - performance.now();
      const limit = action === 'accept' ? left : Math.min(left, timeoutMs);
      const outcome = await exchange(dispatcher, {
        origin: base.origin,
        path,
        headers,
        body,
        timeoutMs: Math.max(1, limit),
      });
      const verdict = judge(outcome);
      if (verdict === 'ok' || (maybeDone && saysAlreadyDone(action, verdict))) return { result: 'ok', attempts };
      maybeDone ||= outcome.type === 'answered' ? outcome.status >= 500 : outcome.sent;
      if (!mayRepeat(action, outcome, verdict, attempts)) return { result: verdict, attempts };
      const retryAfter = outcome.type === 'answered' ? outcome.retryAfter : null;
      const pause = retryDelayMs(attempts, retryAfter, Date.now());
      if (performance.now() + pause >= deadline) return { result: verdict, attempts };
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
      if (closing.signal.aborted) return { result: verdict, attempts };
    }
  }

  async function credentialsOf(phoneNumberId: string): Promise<GraphCredentials | GraphFailure> {
    try {
      return (await directory.credentials(phoneNumberId)) ?? local('refused', 'no credentials for this number');
    } catch (fault) {
      observer.onFault('reading credentials', fault);
      return local('unknown', 'the credentials of this number could not be read');
    }
  }

  return {
    act,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      if (given === undefined) await dispatcher.close();
    },
  };
}

type Verdict = 'ok' | GraphFailure;

function judge(outcome: Exchange): Verdict {
  if (outcome.type === 'unanswered') return local('unknown', `no answer from Graph: ${outcome.why}`);
  const { status, body } = outcome;
  if (status < 200 || status > 299) return classify(status, body);
  const success = typeof body === 'object' && body !== null && 'success' in body ? body.success : undefined;
  if (success === true || success === 'true') return 'ok';
  const failure = classify(status, body);
  if (failure.code !== null) return failure;
  if (success !== undefined) return { ...failure, kind: 'refused' };
  return { ...failure, message: 'Graph answered with something that is neither success nor error' };
}

function mayRepeat(action: GraphAction, outcome: Exchange, failure: GraphFailure, attempts: number): boolean {
  if (outcome.type === 'unanswered') {
    if (NEVER_WILL.has(outcome.why)) return false;
    return !outcome.sent || action !== 'accept';
  }
  if (action === 'accept') return false;
  const retry = retryFor(failure);
  return retry === 'backoff' || (retry === 'once' && attempts === 1);
}

/** Faults of our own making, which the next attempt would meet again. */
const NEVER_WILL: ReadonlySet<string> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

function headersFor({ kind, secret }: GraphCredentials): Record<string, string> {
  const auth = kind === 'bearer' ? { authorization: `Bearer ${secret}` } : { 'x-api-key': secret };
  return { ...auth, 'content-type': 'application/json', accept: 'application/json' };
}

/** `sdp_type` is `answer` although Meta's table says `offer`: only that works (meta-calling.md §2.1). */
function bodyFor({ action, callId, sdp }: GraphActRequest): string {
  const session = sdp === null ? {} : { session: { sdp_type: 'answer', sdp } };
  return JSON.stringify({ messaging_product: 'whatsapp', call_id: callId, action, ...session });
}

function failed({ action }: GraphActRequest, error: GraphFailure): GraphResult {
  return { type: 'graph.failed', action, error };
}

/** A failure that Graph had no part in. */
function local(kind: GraphFailure['kind'], message: string): GraphFailure {
  return { code: null, httpStatus: null, kind, message };
}
