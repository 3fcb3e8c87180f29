import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphFate } from './fault-script.ts';
import { errorBody, type GraphError, graphError, httpStatusOf } from './graph-errors.ts';
import { type ActionRequest, checkState, type GraphCallView, parseRequest } from './graph-rules.ts';
import { answerWarnings, type SdpRules, type SdpWarning } from './sdp-rules.ts';

export interface GraphServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly phoneNumberId: string;
  readonly token: string;
  readonly rules: SdpRules;
  /** How long Graph itself takes for each request, ms. */
  readonly latencyMs: number;
}

/** Who holds the calls that Graph speaks about. */
export interface GraphBackend {
  find(callId: string): GraphCallView | null;
  /** What the fault script has in store for this action. Asked once per well-formed request. */
  fate(request: ActionRequest): GraphFate;
  /** The action is lawful: it happens now. */
  perform(request: ActionRequest): void;
}

/** One request as it was seen. Never holds the bearer token. Times in Unix milliseconds. */
export interface GraphRequestRecord {
  readonly at: number;
  readonly version: string;
  readonly phoneNumberId: string;
  readonly callId: string | null;
  readonly action: string | null;
  readonly body: unknown;
  readonly warnings: readonly SdpWarning[];
  /** null: no answer was given. */
  readonly httpStatus: number | null;
  readonly error: GraphError | null;
  /** Whether the action took effect. */
  readonly performed: boolean;
}

export interface GraphServer {
  /** Base URL without the version, such as http://127.0.0.1:4000. */
  readonly url: string;
  readonly requests: readonly GraphRequestRecord[];
  close(): Promise<void>;
}

/**
 * A stand-in for graph.facebook.com that knows one route, `POST /{version}/{phone number id}/calls`, and holds every
 * request against what Meta enforces (meta-calling.md §2.1, §4.3, §7). Rejects with the system's error if the port is taken.
 */
export async function startGraphServer(options: GraphServerOptions, backend: GraphBackend): Promise<GraphServer> {
  const requests: GraphRequestRecord[] = [];
  const app = Fastify({ forceCloseConnections: true });
  const desk = new Desk(options, backend, requests);
  app.post<{ Params: Params }>('/:version/:phoneNumberId/calls', (request, reply) => desk.serve(request, reply));
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

interface Verdict {
  readonly request: ActionRequest | null;
  readonly error: GraphError | null;
}

class Desk {
  readonly #options: GraphServerOptions;
  readonly #backend: GraphBackend;
  readonly #requests: GraphRequestRecord[];
  readonly #closing = new AbortController();

  constructor(options: GraphServerOptions, backend: GraphBackend, requests: GraphRequestRecord[]) {
    this.#options = options;
    this.#backend = backend;
    this.#requests = requests;
  }

  /** Requests that are still being waited with come to nothing. */
  close(): void {
    this.#closing.abort();
  }

  async serve(http: FastifyRequest<{ Params: Params }>, reply: FastifyReply): Promise<FastifyReply> {
    const at = performance.timeOrigin + performance.now();
    const { request, error: formError } = this.#read(http);
    const fate = request === null ? null : this.#backend.fate(request);
    const waitMs = this.#options.latencyMs + (fate?.delayMs ?? 0);
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (this.#closing.signal.aborted) return reply.hijack();

    // The state is looked at when the action would happen, not when it was asked for.
    const refusal = formError ?? fate?.refusal ?? this.#stateError(request);
    const lost = fate?.lost ?? null;
    const performed = request !== null && refusal === null && lost !== 'before';
    if (performed) this.#backend.perform(request);

    const httpStatus = lost === null ? (refusal === null ? 200 : httpStatusOf(refusal)) : null;
    this.#record(http, at, { error: lost === 'before' ? null : refusal, httpStatus, performed });
    if (lost !== null) {
      // Silence: the client runs into its own timeout, or the connection ends with this server.
      return reply.hijack();
    }
    return refusal === null ? reply.send({ messaging_product: 'whatsapp', success: true }) : refuse(reply, refusal);
  }

  #read(http: FastifyRequest<{ Params: Params }>): Verdict {
    if (!isBearer(http.headers.authorization, this.#options.token)) return { request: null, error: graphError(190) };
    if (!/^v\d+\.\d+$/.test(http.params.version)) {
      return { request: null, error: graphError(100, 'Unknown API version') };
    }
    if (http.params.phoneNumberId !== this.#options.phoneNumberId) {
      return { request: null, error: graphError(100, 'Invalid phone number id') };
    }
    const parsed = parseRequest(http.body, this.#options.rules);
    return parsed.ok ? { request: parsed.request, error: null } : { request: null, error: parsed.error };
  }

  #stateError(request: ActionRequest | null): GraphError | null {
    return request === null ? null : checkState(this.#backend.find(request.callId), request);
  }

  #record(
    http: FastifyRequest<{ Params: Params }>,
    at: number,
    outcome: Pick<GraphRequestRecord, 'error' | 'httpStatus' | 'performed'>,
  ): void {
    const body = (typeof http.body === 'object' && http.body !== null ? http.body : {}) as Record<string, unknown>;
    const session = body['session'] as { readonly sdp?: unknown } | undefined;
    this.#requests.push({
      at,
      version: http.params.version,
      phoneNumberId: http.params.phoneNumberId,
      callId: typeof body['call_id'] === 'string' ? body['call_id'] : null,
      action: typeof body['action'] === 'string' ? body['action'] : null,
      body: http.body,
      warnings: typeof session?.sdp === 'string' ? answerWarnings(session.sdp) : [],
      ...outcome,
    });
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
