import { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { authorizationOf, graphPrefix } from './graph-place.ts';
import type { GraphLink, ProxiedAnswer, ProxiedRequest } from './graph-proxy-types.ts';
import { homeward } from './homeward-links.ts';
import { mayHaveCredential } from './link-hosts.ts';
import { passableHeaders, tellableHeaders } from './passed-headers.ts';
import type { NumberDirectory } from './ports.ts';
import { proxiedAnswer } from './proxied-answer.ts';

export interface GraphProxyOptions {
  /** As the Graph client has it. */
  readonly baseUrl: string;
  readonly version: string | null;
  readonly directory: Pick<NumberDirectory, 'credentials'>;
  /** From the end of a request until its answer begins, and between two pieces of an answer. Default 60,000. */
  readonly answerMs?: number;
  /** In place of the proxy's own connection pool; it is then not closed with the proxy. */
  readonly dispatcher?: Dispatcher;
}

/** Has the shape of the HTTP side's GraphProxy. */
export interface GraphProxy {
  pass(request: ProxiedRequest): Promise<ProxiedAnswer>;
  fetchLink(phoneNumberId: string, link: string, options: GraphLink): Promise<ProxiedAnswer>;
  close(): Promise<void>;
}

type Asked = Pick<Dispatcher.RequestOptions, 'origin' | 'path' | 'method' | 'headers'> & {
  readonly body: Readable | Uint8Array | null;
  readonly signal: AbortSignal;
};

const ANSWER_MS = 60_000;
/** Nothing was on a connection yet. */
const UNSENT = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Passes on what clients ask of Graph, on connections of its own: uploads must not stand in the way of calls. */
export function createGraphProxy(options: GraphProxyOptions): GraphProxy {
  const { directory, version, answerMs = ANSWER_MS } = options;
  const graph = new URL(options.baseUrl);
  const dispatcher =
    options.dispatcher ?? new Agent({ keepAliveTimeout: 15_000, connections: 32, connect: { timeout: 3_000 } });

  async function ask(asked: Asked): Promise<Dispatcher.ResponseData | { readonly sent: boolean }> {
    const silence = new AbortController();
    let timer: NodeJS.Timeout | null = null;
    const wait = () => {
      timer = setTimeout(() => silence.abort(), answerMs);
    };
    // A slow upload is no silence of Graph.
    if (asked.body instanceof Readable) asked.body.once('end', wait);
    else wait();
    try {
      const signal = AbortSignal.any([asked.signal, silence.signal]);
      const answer = await dispatcher.request({ ...asked, signal, headersTimeout: 0, bodyTimeout: answerMs });
      // Whoever reads it hears of a fault as well; one that nobody reads, or that is let go, must not bring the process down.
      answer.body.on('error', () => {});
      return answer;
    } catch (fault) {
      return { sent: !UNSENT.has(codeOf(fault)) };
    } finally {
      if (asked.body instanceof Readable) asked.body.off('end', wait);
      if (timer !== null) clearTimeout(timer);
    }
  }

  /** What changes nothing may be asked twice: a kept connection may have been closed in that moment. */
  async function askTwice(asked: Asked): Promise<Dispatcher.ResponseData | { readonly sent: boolean }> {
    const first = await ask(asked);
    return 'sent' in first && asked.method === 'GET' && !asked.signal.aborted ? await ask(asked) : first;
  }

  return {
    async pass(request) {
      const { method, phoneNumberId, segments, query, bodyLength, signal, home } = request;
      const credentials = await directory.credentials(phoneNumberId);
      if (credentials === null) return { type: 'speechless' };
      const path = `${graphPrefix(graph, version, request.version)}/${pathOf(segments)}`;
      const answer = await askTwice({
        origin: graph.origin,
        path: query === '' ? path : `${path}?${query}`,
        method,
        headers: {
          ...passableHeaders(request.headers),
          // What is packed could not be searched for the token.
          'accept-encoding': 'identity',
          ...(bodyLength !== null && { 'content-length': String(bodyLength) }),
          ...authorizationOf(credentials),
        },
        body: method === 'GET' ? null : request.body,
        signal,
      });
      if ('sent' in answer) return { type: 'unanswered', sent: answer.sent };
      const { secret } = credentials;
      return await proxiedAnswer(answer, secret, (text) => homeward(text, { graph, home, secret }));
    },

    async fetchLink(phoneNumberId, link, { headers, signal }) {
      const url = URL.parse(link);
      const credentials = await directory.credentials(phoneNumberId);
      if (credentials === null) return { type: 'speechless' };
      if (url === null || !mayHaveCredential(url, graph)) return { type: 'unanswered', sent: false };
      const answer = await askTwice({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        headers: { ...passableHeaders(headers), 'accept-encoding': 'identity', ...authorizationOf(credentials) },
        body: null,
        signal,
      });
      if ('sent' in answer) return { type: 'unanswered', sent: answer.sent };
      const { statusCode: status, body } = answer;
      return { type: 'answered', status, headers: tellableHeaders(answer.headers, credentials.secret), body };
    },

    async close() {
      // Downloads may go on for long, and nobody waits for them when the service stops.
      if (options.dispatcher === undefined) await dispatcher.destroy();
    },
  };
}

/** The segments of a path that stays below the version, whatever they say. */
function pathOf(segments: readonly string[]): string {
  const encoded = segments.map((segment) => {
    if (/^\.{0,2}$/.test(segment)) throw new TypeError('a segment of a path must not be empty or dots');
    // Letters that need no escape in a path stay as the client wrote them.
    return encodeURIComponent(segment).replaceAll(/%(?:3A|3D|40)/g, decodeURIComponent);
  });
  if (encoded.length === 0) throw new TypeError('a path begins with an id');
  return encoded.join('/');
}

function codeOf(fault: unknown): string {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : '';
}
