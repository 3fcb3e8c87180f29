import type { LookupFunction } from 'node:net';
import { Agent, errors, request } from 'undici';
import { ADDRESS_REFUSED, guardedLookup } from '../net/index.ts';
import type { Answer, Courier, Parcel } from './ports.ts';
import { urlFault } from './url-fault.ts';

export interface HttpCourierOptions {
  /** http:// and addresses of private networks are allowed. */
  readonly privateAllowed: boolean;
  /** For everything: resolving, connecting, the whole answer. Milliseconds. */
  readonly timeoutMs?: number;
  readonly lookup?: LookupFunction;
}

/** A receiver that takes longer has not taken it (kapso-api.md §10). */
const TIMEOUT_MS = 10_000;
/** Of the answer's body, for the log. */
const EXCERPT_BYTES = 1_024;
/** A receiver has nothing to say to us; who says this much is somebody else. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * Carries deliveries over HTTP. Redirects are not followed, and what is connected to is an address that was checked: a name
 * that leads elsewhere by the time of the connection leads nowhere.
 */
export class HttpCourier implements Courier {
  readonly #privateAllowed: boolean;
  readonly #timeoutMs: number;
  readonly #agent: Agent;
  readonly #closing = new AbortController();

  constructor({ privateAllowed, timeoutMs = TIMEOUT_MS, lookup }: HttpCourierOptions) {
    this.#privateAllowed = privateAllowed;
    this.#timeoutMs = timeoutMs;
    const guarded = guardedLookup(privateAllowed ? 'not_link_local' : 'public', lookup);
    // HTTP/1.1: a connection that breaks is then one delivery that failed, and not all that are under way.
    this.#agent = new Agent({ allowH2: false, connect: { lookup: guarded, rejectUnauthorized: true } });
  }

  async send(parcel: Parcel): Promise<Answer | null> {
    const began = performance.now();
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), this.#timeoutMs);
    const signal = AbortSignal.any([timeout.signal, this.#closing.signal]);
    const answer = await this.#exchange(parcel, signal);
    clearTimeout(timer);
    if (answer.error !== null && this.#closing.signal.aborted) return null;
    const error = answer.error !== null && timeout.signal.aborted ? 'timeout' : answer.error;
    return { ...answer, error, durationMs: performance.now() - began };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#agent.destroy();
  }

  async #exchange({ url, headers, body }: Parcel, signal: AbortSignal): Promise<Omit<Answer, 'durationMs'>> {
    // Asked again: the rules may have become stricter since it was saved, and a literal address is never looked up.
    if (urlFault(url, this.#privateAllowed) !== null) return { ...NO_ANSWER, error: 'address_refused' };
    let status: number | null = null;
    const heard = { excerpt: null as string | null, retryAfter: null as string | null };
    try {
      const response = await request(url, { method: 'POST', headers, body, signal, dispatcher: this.#agent });
      status = response.statusCode;
      const retryAfter = response.headers['retry-after'];
      heard.retryAfter = typeof retryAfter === 'string' ? retryAfter : null;
      await readBody(response.body, (excerpt) => {
        heard.excerpt = excerpt;
      });
      return { ...heard, status, error: wordOfStatus(status) };
    } catch (error) {
      return { ...heard, status, error: wordOfError(error, status !== null) };
    }
  }
}

const NO_ANSWER = { status: null, excerpt: null, retryAfter: null };

class AnswerTooLong extends Error {}

/** Reads all of it, for only then was it a whole answer, and keeps its beginning. */
async function readBody(body: AsyncIterable<Buffer>, keep: (excerpt: string) => void): Promise<void> {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (keptBytes < EXCERPT_BYTES) {
      const part = Buffer.from(chunk.subarray(0, EXCERPT_BYTES - keptBytes));
      keptBytes += part.length;
      kept.push(part);
      keep(textOf(Buffer.concat(kept)));
    }
    if (length > MAX_ANSWER_BYTES) throw new AnswerTooLong();
  }
}

/** PostgreSQL takes no zero byte in a text. */
function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '\ufffd');
}

function wordOfStatus(status: number): string | null {
  if (status >= 200 && status <= 299) return null;
  return status >= 300 && status <= 399 ? 'redirect_not_followed' : 'status_not_2xx';
}

/** Error codes by the word that the log has for them. Messages are not used: they hold addresses. */
const WORDS: Readonly<Record<string, string>> = {
  [ADDRESS_REFUSED]: 'address_refused',
  ECONNREFUSED: 'connection_refused',
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
};

function wordOfError(error: unknown, hasStatus: boolean): string {
  if (error instanceof AnswerTooLong) return 'answer_too_long';
  const code = codeOf(error);
  if (code !== null && WORDS[code] !== undefined) return WORDS[code];
  if (code !== null && /CERT|TLS|SSL|ALTNAME|UNABLE_TO/.test(code)) return 'tls_failed';
  if (hasStatus) return 'answer_cut_short';
  return error instanceof errors.HTTPParserError ? 'not_http' : 'connection_lost';
}

/** Of several addresses each has failed in its own way: the first counts. */
function codeOf(error: unknown): string | null {
  const one = error instanceof AggregateError ? error.errors[0] : error;
  return one instanceof Error && 'code' in one && typeof one.code === 'string' ? one.code : null;
}
