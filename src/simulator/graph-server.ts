import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { GraphFate } from './fault-script.ts';
import type { CallEvent } from './faults.ts';
import { errorBody, type GraphError, graphError, httpStatusOf } from './graph-errors.ts';
import { frameError, type Http, type NumberParams, refuse } from './graph-frame.ts';
import { type GraphRequestRecord, recordOf } from './graph-record.ts';
import {
  type ConnectRequest,
  type MessageRequest,
  type Parsed,
  type PermissionsRequest,
  parseMessage,
  parsePermissions,
} from './graph-requests.ts';
import { type ActionRequest, checkState, type GraphCallView, parseRequest } from './graph-rules.ts';
import { NumberDesk } from './number-desk.ts';
import { numberRoutes } from './number-routes.ts';
import type { SdpRules } from './sdp-rules.ts';

export interface GraphServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly phoneNumberIds: readonly string[];
  readonly token: string;
  /** Unix milliseconds. Default: this machine's. */
  readonly now?: () => number;
  /** How a number is displayed. Default: nobody knows. */
  readonly displayOf?: (phoneNumberId: string) => string | null;
  readonly rules: SdpRules;
  /** How long Graph itself takes for each request, ms. */
  readonly latencyMs: number;
}

export type GraphRequest = ActionRequest | ConnectRequest | MessageRequest | PermissionsRequest;

/** Who holds the calls and permissions that Graph speaks about. */
export interface GraphBackend {
  find(callId: string, phoneNumberId: string): GraphCallView | null;
  /** What the fault script has in store for this request. Asked once per well-formed request. */
  fate(request: GraphRequest, phoneNumberId: string): GraphFate;
  /** The request is well-formed, and an action is lawful: it happens now, or is refused for what users allow. */
  perform(request: GraphRequest, phoneNumberId: string): GraphOutcome;
}

export type GraphOutcome =
  | { readonly ok: false; readonly error: GraphError }
  | {
      readonly ok: true;
      readonly body: unknown;
      /** The call that a connect began. */
      readonly callId?: string;
      /** Resolves when the bridge has answered this webhook of the call, or there will be none. */
      readonly settled?: (event: CallEvent) => Promise<void>;
    };

export interface GraphServer {
  /** Base URL without the version, such as http://127.0.0.1:4000. */
  readonly url: string;
  readonly requests: readonly GraphRequestRecord[];
  close(): Promise<void>;
}

/**
 * A stand-in for graph.facebook.com that knows calls, call permissions, messages, settings, profile and media of its phone numbers, and holds every
 * request against what Meta enforces (meta-calling.md §2, §4.3, §7). Rejects with the system's error if the port is taken.
 */
export async function startGraphServer(options: GraphServerOptions, backend: GraphBackend): Promise<GraphServer> {
  const requests: GraphRequestRecord[] = [];
  const app = Fastify({ forceCloseConnections: true });
  const numbers = new NumberDesk();
  const desk = new Desk(options, backend, numbers, requests);
  const { rules } = options;
  app.post<{ Params: NumberParams }>('/:version/:phoneNumberId/calls', (http, reply) =>
    desk.serve(http, reply, () => parseRequest(http.body, rules)),
  );
  app.post<{ Params: NumberParams }>('/:version/:phoneNumberId/messages', (http, reply) =>
    desk.serve(http, reply, () => parseMessage(http.body)),
  );
  app.get<{ Params: NumberParams }>('/:version/:phoneNumberId/call_permissions', (http, reply) =>
    desk.serve(http, reply, () => parsePermissions(http.query)),
  );
  const { now = Date.now, displayOf = () => null } = options;
  numberRoutes(app, numbers, { ...options, now, displayOf });
  app.setNotFoundHandler((_request, reply) => refuse(reply, graphError(100, 'Unknown path components')));
  app.setErrorHandler((error, _request, reply) => refuse(reply, errorOf(error)));
  await app.listen({ host: options.host, port: options.port });
  return {
    url: urlOf(app, options.host),
    requests,
    async close() {
      desk.close();
      await app.close();
    },
  };
}

class Desk {
  readonly #options: GraphServerOptions;
  readonly #backend: GraphBackend;
  readonly #numbers: NumberDesk;
  readonly #requests: GraphRequestRecord[];
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<void>();

  constructor(options: GraphServerOptions, backend: GraphBackend, numbers: NumberDesk, requests: GraphRequestRecord[]) {
    this.#options = options;
    this.#backend = backend;
    this.#numbers = numbers;
    this.#requests = requests;
  }

  /** Requests that are still being waited with come to nothing. */
  close(): void {
    this.#closing.abort();
    this.#closed.resolve();
  }

  async serve(http: Http, reply: FastifyReply, parse: () => Parsed<GraphRequest>): Promise<FastifyReply> {
    const at = performance.timeOrigin + performance.now();
    const { phoneNumberId } = http.params;
    const parsed = frameError(http, this.#options) ?? parse();
    const fate = parsed.ok ? this.#backend.fate(parsed.request, phoneNumberId) : null;
    const waitMs = this.#options.latencyMs + (fate?.delayMs ?? 0);
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (this.#closing.signal.aborted) return reply.hijack();

    const outcome = parsed.ok ? this.#perform(parsed.request, phoneNumberId, fate) : parsed;
    const record = (httpStatus: number | null) => {
      const error = outcome === null || outcome.ok ? null : outcome.error;
      const callId = outcome?.ok === true ? (outcome.callId ?? null) : null;
      const action = parsed.ok ? parsed.request.action : null;
      this.#requests.push(recordOf(http, { at, action, callId, httpStatus, error, performed: outcome?.ok === true }));
    };
    if (outcome?.ok === true && fate?.answerAfter) {
      await Promise.race([outcome.settled?.(fate.answerAfter), this.#closed.promise]);
      if (this.#closing.signal.aborted) return reply.hijack();
    }
    if (fate !== null && fate.lost !== null) {
      record(null);
      // Silence: the client runs into its own timeout, or the connection ends with this server or at once.
      reply.hijack();
      if (fate.reset) http.raw.socket.destroy();
      return reply;
    }
    if (outcome === null || (fate !== null && fate.failure !== null && outcome.ok)) {
      const httpStatus = fate?.failure?.httpStatus ?? 500;
      record(httpStatus);
      return reply.code(httpStatus).send(errorBody(graphError(2, 'Service temporarily unavailable')));
    }
    record(outcome.ok ? 200 : httpStatusOf(outcome.error));
    return outcome.ok ? reply.send(outcome.body) : refuse(reply, outcome.error);
  }

  /** Null: nothing happens, because the script has the request lost on its way, or fail. */
  #perform(request: GraphRequest, phoneNumberId: string, fate: GraphFate | null): GraphOutcome | null {
    if (fate?.lost === 'before') return null;
    if (fate?.refusal) return { ok: false, error: fate.refusal };
    if (fate?.failure?.performed === false) return null;
    // Calls that go on may be ended; new ones are for numbers with calling on alone (meta-calling.md §2.2, §7.2).
    const wantsCalling = request.action === 'connect' || request.action === 'call_permissions';
    if (wantsCalling && !this.#numbers.isCallingOn(phoneNumberId)) return { ok: false, error: graphError(138000) };
    // The state is looked at when the action would happen, not when it was asked for.
    const error = 'callId' in request ? checkState(this.#backend.find(request.callId, phoneNumberId), request) : null;
    return error === null ? this.#backend.perform(request, phoneNumberId) : { ok: false, error };
  }
}

/** A body that cannot be read is the client's fault; anything else is ours, and must not look like the client's. */
function errorOf(error: unknown): GraphError {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status < 500 ? graphError(100, 'The body must be JSON') : graphError(131000, 'The simulated Graph failed');
}

function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
