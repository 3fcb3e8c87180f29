import type { Dispatcher } from 'undici';
import type { GraphSaid } from './graph-types.ts';
import { tellableHeaders } from './passed-headers.ts';
import { withoutSecret } from './without-secret.ts';

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST';
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null of a GET. */
  readonly body: string | Uint8Array | null;
  readonly timeoutMs: number;
  /** The token or key in the headers: what is answered may go to others, and Graph repeats a token that it does not like. */
  readonly secret: string;
}

/** What came of one HTTP request. */
export type Exchange =
  | {
      readonly type: 'answered';
      readonly status: number;
      readonly retryAfter: string | null;
      /** Parsed JSON, or the text if it is none. */
      readonly body: unknown;
      readonly said: GraphSaid;
    }
  | {
      readonly type: 'unanswered';
      /** False if for certain not one byte of the request left; then it cannot have had an effect. */
      readonly sent: boolean;
      /** Such as `timeout`, `ECONNREFUSED`, `UND_ERR_SOCKET`; never an address. */
      readonly why: string;
    };

/** Answers of Graph are a few hundred bytes. */
const LARGEST_ANSWER = 256 * 1024;

/**
 * Sends one request and waits for the whole answer, `timeoutMs` at most, connecting included. Never rejects.
 *
 * It hands its own handler to the dispatcher, because only `onRequestStart` tells whether a request was put on a connection
 * before it failed. That decides whether `accept` or `connect` may be repeated.
 */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest): Promise<Exchange> {
  return new Promise((resolve) => {
    const { method, origin, path, headers, body, timeoutMs, secret } = request;
    const handler = new AnswerHandler(resolve, timeoutMs, secret);
    try {
      dispatcher.dispatch({ origin, path, method, headers: { ...headers }, body }, handler);
    } catch (fault) {
      handler.onResponseError(null, fault);
    }
  });
}

class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (result: Exchange) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #secret: string;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #size = 0;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #settled = false;

  constructor(resolve: (result: Exchange) => void, timeoutMs: number, secret: string) {
    this.#resolve = resolve;
    this.#secret = secret;
    this.#timer = setTimeout(() => this.#give('timeout'), timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It was still waiting for a connection when its time was up. It was called unsent, so it must stay unsent.
    if (this.#settled) return controller.abort(new Error('too late'));
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#status = status;
    this.#headers = tellableHeaders(headers, this.#secret);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > LARGEST_ANSWER) this.#give('answer too large');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const text = withoutSecret(Buffer.concat(this.#chunks).toString('utf8'), this.#secret);
    this.#settle({
      type: 'answered',
      status: this.#status,
      retryAfter: this.#headers['retry-after'] ?? null,
      body: readBody(text),
      said: { headers: this.#headers, text },
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: unknown): void {
    this.#settle({ type: 'unanswered', sent: this.#controller !== null, why: codeOf(error) });
  }

  /** Stops waiting. */
  #give(why: string): void {
    const controller = this.#controller;
    this.#settle({ type: 'unanswered', sent: controller !== null, why });
    controller?.abort(new Error(why));
  }

  #settle(result: Exchange): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#resolve(result);
  }
}

function readBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** A message may hold an address; a code does not. Several addresses tried in vain come as one AggregateError. */
function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : 'unknown fault';
}
