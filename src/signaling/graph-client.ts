import type { Dispatcher } from 'undici';
import type { GraphFailure, GraphResult } from '../call/index.ts';
import { actOnCall } from './graph-act.ts';
import { connectBody, placeCall } from './graph-connect.ts';
import { ruleFor } from './graph-errors.ts';
import { openGraphLine } from './graph-line.ts';
import { createGraphNumbers, type GraphNumbers } from './graph-numbers.ts';
import { createGraphRequests, type GraphRequestsOptions } from './graph-requests.ts';
import type {
  GraphActReport,
  GraphActRequest,
  GraphConnectRequest,
  GraphConnectResult,
  GraphDeed,
  GraphRequests,
} from './graph-types.ts';
import { localFailure } from './local-failure.ts';
import type { NumberDirectory, SignalingObserver } from './ports.ts';
import { quietObserver } from './quiet-observer.ts';

export interface GraphClientOptions {
  /** `https://graph.facebook.com`, or a Kapso proxy such as `https://api.kapso.ai/meta/whatsapp`. */
  readonly baseUrl: string;
  /** Such as `v24.0`; null for a base URL that takes none (kapso-api.md §1). */
  readonly version: string | null;
  readonly directory: NumberDirectory;
  /** For one attempt at what may be repeated; default 4000. What may not, may take the whole of its time. */
  readonly timeoutMs?: number;
  /** For all attempts at one thing together, pauses included. */
  readonly budgetsMs?: Partial<Readonly<Record<GraphDeed, number>>>;
  /** In place of the client's own connection pool; it is then not closed with the client. */
  readonly dispatcher?: Dispatcher;
  readonly observer?: SignalingObserver;
}

/** Speaks with Graph. Has the shape of the runtime's GraphPort. */
export interface GraphClient {
  /** Sends one of the four actions of a call (meta-calling.md §2.1). Never rejects. `tookMs` counts all attempts. */
  act(request: GraphActRequest): Promise<GraphResult>;
  /** Places a call, once. Never rejects. */
  connect(request: GraphConnectRequest): Promise<GraphConnectResult>;
  /** Has the shape of the permissions' PermissionGraph. */
  readonly requests: GraphRequests;
  readonly numbers: GraphNumbers;
  /** Waits for what is under way; no new attempt begins. */
  close(): Promise<void>;
}

/** The caller hears ring-back for 30 to 60 s and hangs up earlier (meta-calling.md §5); what is ours may take its time. */
const BUDGETS_MS: Readonly<Record<GraphDeed, number>> = {
  pre_accept: 8_000,
  accept: 8_000,
  reject: 10_000,
  terminate: 15_000,
  connect: 15_000,
  read: 6_000,
  send: 15_000,
  forward: 10_000,
};

export function createGraphClient(options: GraphClientOptions): GraphClient {
  const { timeoutMs: attemptMs = 4_000 } = options;
  const budgetsMs = { ...BUDGETS_MS, ...options.budgetsMs };
  const observer = quietObserver(options.observer);
  const line = openGraphLine({ ...options, observer });

  function report(about: Omit<GraphActReport, 'alert'>): void {
    const code = about.result.type === 'graph.failed' ? about.result.error.code : null;
    observer.onGraphAct({ ...about, alert: code !== null && (ruleFor(code)?.alert ?? false) });
  }

  const asking: GraphRequestsOptions = {
    line,
    budgetsMs,
    attemptMs,
    report(deed, phoneNumberId, { verdict, attempts, tookMs }) {
      const callId = verdict.type === 'placed' ? verdict.callId : null;
      const result = outcomeOf(deed, 'failure' in verdict ? verdict.failure : 'ok', tookMs);
      report({ phoneNumberId, callId, result, attempts, tookMs });
    },
  };

  return {
    async act(request) {
      const { action, phoneNumberId, callId } = request;
      const began = performance.now();
      const { verdict, attempts } = await actOnCall(line, request, { budgetMs: budgetsMs[action], attemptMs });
      const tookMs = performance.now() - began;
      const result = outcomeOf(action, verdict, tookMs);
      report({ phoneNumberId, callId, result, attempts, tookMs });
      return result;
    },

    async connect(request) {
      const { phoneNumberId, user } = request;
      if (user.waId === null && user.userId === null) {
        return { type: 'failed', error: localFailure('refused', 'nobody to call') };
      }
      const began = performance.now();
      const { verdict, attempts } = await placeCall(line, phoneNumberId, connectBody(request), budgetsMs.connect);
      const tookMs = performance.now() - began;
      const placed = verdict.type === 'placed';
      const callId = placed ? verdict.callId : null;
      const result = outcomeOf('connect', placed ? 'ok' : verdict.failure, tookMs);
      report({ phoneNumberId, callId, result, attempts, tookMs });
      if (verdict.type === 'placed') return { type: 'placed', callId: verdict.callId, tookMs };
      const retryAt = verdict.type === 'refused' ? verdict.retryAt : null;
      return { type: 'failed', error: { ...verdict.failure, ...(retryAt !== null && { retryAt }) } };
    },

    requests: createGraphRequests(asking),
    numbers: createGraphNumbers(asking),

    close: () => line.close(),
  };
}

function outcomeOf<D extends GraphDeed>(action: D, verdict: 'ok' | GraphFailure, tookMs: number) {
  return verdict === 'ok'
    ? ({ type: 'graph.ok', action, tookMs } as const)
    : ({ type: 'graph.failed', action, error: verdict } as const);
}
