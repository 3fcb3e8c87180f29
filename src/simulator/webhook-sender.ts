import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { signWebhook } from './webhook-body.ts';

export interface WebhookSenderOptions {
  /** A function is asked at each attempt. */
  readonly url: string | (() => string);
  readonly appSecret: string;
  /** Meta waits about 20 s for an answer (meta-calling.md §3.2), ms. */
  readonly timeoutMs: number;
  /** Waiting time before each further attempt after an answer other than 200, ms. Bounded, unlike Meta's seven days. */
  readonly retryDelaysMs: readonly number[];
}

/** At once, then less and less often. */
export const DEFAULT_RETRY_DELAYS_MS: readonly number[] = [0, 1_000, 3_000, 10_000, 30_000];

/** One attempt of a delivery. Times in Unix milliseconds. */
export interface WebhookAttempt {
  readonly at: number;
  readonly tookMs: number;
  /** null: no answer was had. */
  readonly httpStatus: number | null;
}

/** Posts signed bodies to the bridge and repeats them until they are answered 200, as Meta does. */
export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #agent = new Agent({ keepAliveTimeout: 5_000 });
  readonly #abort = new AbortController();

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
  }

  /**
   * Resolves with all attempts; the last one tells whether it was delivered. Never rejects. Ends early when the sender is
   * closed.
   */
  async deliver(body: Buffer): Promise<readonly WebhookAttempt[]> {
    const attempts: WebhookAttempt[] = [];
    for (const waitMs of [0, ...this.#options.retryDelaysMs]) {
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#abort.signal }).catch(() => {});
      if (this.#abort.signal.aborted) break;
      const attempt = await this.#post(body);
      attempts.push(attempt);
      if (attempt.httpStatus === 200) break;
    }
    return attempts;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#agent.destroy();
  }

  async #post(body: Buffer): Promise<WebhookAttempt> {
    const at = performance.timeOrigin + performance.now();
    const started = performance.now();
    let httpStatus: number | null = null;
    try {
      const { url } = this.#options;
      const response = await request(typeof url === 'string' ? url : url(), {
        method: 'POST',
        dispatcher: this.#agent,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'facebookexternalua',
          'x-hub-signature-256': signWebhook(body, this.#options.appSecret),
        },
        body,
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(this.#options.timeoutMs)]),
      });
      httpStatus = response.statusCode;
      await response.body.dump();
    } catch {
      // No answer: refused, timed out, or we are closing. The attempt's null status says so.
    }
    return { at, tookMs: performance.now() - started, httpStatus };
  }
}
