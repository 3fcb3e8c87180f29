import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphFate } from './fault-script.ts';
import type { CallEvent } from './faults.ts';
import { errorBody, type GraphError, graphError, httpStatusOf } from './graph-errors.ts';
import { type GraphRequestRecord, recordOf } from './graph-record.ts';
import {
  type ConnectRequest,
  type MessageRequest,
  no,
  type Parsed,
  type PermissionsRequest,
  parseMessage,
  parsePermissions,
} from './graph-requests.ts';
import { type ActionRequest, checkState, type GraphCallView, parseRequest } from './graph-rules.ts';
import type { SdpRules } from './sdp-rules.ts';

export interface GraphServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly phoneNumberIds: readonly string[];
  readonly token: string;
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
 * A stand-in for graph.facebook.com that knows calls, call permissions and messages of its phone numbers, and holds every
 * request against what Meta enforces (meta-calling.md §2, §4.3, §7). Rejects with the system's error if the port is taken.
 */
export async function startGraphServer(options: GraphServerOptions, backend: GraphBackend): Promise<GraphServer> {
  const requests: GraphRequestRecord[] = [];
  const app = Fastify({ forceCloseConnections: true });
  const desk = new Desk(options, backend, requests);
  const { rules } = options;
  app.post<{ Params: Params }>('/:version/:phoneNumberId/calls', (http, reply) =>
    desk.serve(http, reply, () => parseRequest(http.body, rules)),
  );
  app.post<{ Params: Params }>('/:version/:phoneNumberId/messages', (http, reply) =>
    desk.serve(http, reply, () => parseMessage(http.body)),
  );
  app.get<{ Params: Params }>('/:version/:phoneNumberId/call_permissions', (http, reply) =>
    desk.serve(http, reply, () => parsePermissions(http.query)),
  );
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

interface Params {
  readonly version: string;
  readonly phoneNumberId: string;
}

type Http = FastifyRequest<{ Params: Params }>;

class Desk {
  readonly #options: GraphServerOptions;
  readonly #backend: GraphBackend;
  readonly #requests: GraphRequestRecord[];
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<void>();

  constructor(options: GraphServerOptions, backend: GraphBackend, requests: GraphRequestRecord[]) {
    this.#options = options;
    this.#backend = backend;
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
    const parsed = this.#frameError(http) ?? parse();
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
    // The state is looked at when the action would happen, not when it was asked for.
    const error = 'callId' in request ? checkState(this.#backend.find(request.callId, phoneNumberId), request) : null;
    return error === null ? this.#backend.perform(request, phoneNumberId) : { ok: false, error };
  }

  #frameError(http: Http): { readonly ok: false; readonly error: GraphError } | null {
    if (!isBearer(http.headers.authorization, this.#options.token)) return { ok: false, error: graphError(190) };
    if (!/^v\d+\.\d+$/.test(http.params.version)) return no('Unknown API version');
    return this.#options.phoneNumberIds.includes(http.params.phoneNumberId) ? null : no('Invalid phone number id');
  }
}

/** A body that cannot be read is the client's fault; anything else is ours, and must not look like the client's. */
function errorOf(error: unknown): GraphError {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status < 500 ? graphError(100, 'The body must be JSON') : graphError(131000, 'The simulated Graph failed');
}

function isBearer(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function refuse(reply: FastifyReply, error: GraphError): FastifyReply {
  return reply.code(httpStatusOf(error)).send(errorBody(error));
}

function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
