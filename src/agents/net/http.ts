import { Agent, errors, request } from 'undici';
import type { AgentLoss } from '../agent.ts';
import { ADDRESS_REFUSED, guardedLookup, isForbiddenHost } from './address-guard.ts';
import { addressRefused, broken, endOfResponse } from './socket-end.ts';

export interface HttpRequest {
  /** http:// or https:// */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For everything: resolving, connecting, the whole answer. */
  readonly timeoutMs: number;
  /** A longer answer is refused. */
  readonly maxBytes?: number;
  readonly allowLinkLocal: boolean;
  readonly signal?: AbortSignal;
}

/** A request to an agent's HTTP side that did not end as it must. */
export class AgentHttpError extends Error {
  override readonly name = 'AgentHttpError';
  readonly loss: AgentLoss;

  constructor(loss: AgentLoss) {
    super(loss.detail);
    this.loss = loss;
  }
}

const DEFAULT_MAX_BYTES = 1024 * 1024;

/** One pool for each way to resolve names. Connections are kept, because a call's start must be quick. */
const guarded = new Agent({ connect: { lookup: guardedLookup, rejectUnauthorized: true } });
const open = new Agent({ connect: { rejectUnauthorized: true } });

/**
 * Asks an agent's HTTP side; redirects are not followed. Resolves to the body of the answer.
 *
 * @throws AgentHttpError if there is no answer, it is not 2xx, or it is too long
 */
export async function askAgent(asked: HttpRequest): Promise<Buffer> {
  const { url, method, headers, body, timeoutMs, maxBytes = DEFAULT_MAX_BYTES, allowLinkLocal } = asked;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = asked.signal === undefined ? timeout : AbortSignal.any([timeout, asked.signal]);
  try {
    if (!allowLinkLocal && isForbiddenHost(new URL(url).hostname)) throw new AgentHttpError(addressRefused());
    const response = await request(url, {
      method,
      signal,
      headers: { ...headers },
      body: body ?? null,
      dispatcher: allowLinkLocal ? open : guarded,
    });
    if (response.statusCode < 200 || response.statusCode > 299) {
      // Nobody waits for what it says; read, it leaves the connection to the next request.
      response.body.dump().catch(() => {});
      throw new AgentHttpError(lossOfStatus(response.statusCode));
    }
    return await readBody(response.body, maxBytes);
  } catch (error) {
    throw error instanceof AgentHttpError ? error : new AgentHttpError(lossOfError(error, timeout, signal));
  }
}

async function readBody(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new AgentHttpError(broken('protocol_error', false, 'the answer is too long'));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Asking again helps against trouble of the server, not against a request that it does not like or sends elsewhere. */
function lossOfStatus(status: number): AgentLoss {
  return { ...endOfResponse(status), retryable: status >= 500 || status === 429 || status === 408 };
}

/** Errors of undici about what we asked, not about who was asked. */
const UNUSABLE = new Set(['ERR_INVALID_URL', 'UND_ERR_INVALID_ARG']);

/** Its message is not used: it holds addresses. */
function lossOfError(error: unknown, timeout: AbortSignal, signal: AbortSignal): AgentLoss {
  if (timeout.aborted) return broken('connect_timeout', true, 'the agent did not answer in time');
  if (signal.aborted) return broken('connect_refused', false, 'the request was given up');
  if (error instanceof errors.HTTPParserError) return broken('protocol_error', false, 'the agent does not speak HTTP');
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (code === ADDRESS_REFUSED) return addressRefused();
  if (code === null) return broken('connect_refused', true, 'the agent gave no answer');
  if (UNUSABLE.has(code)) return broken('connect_refused', false, 'the URL or the key of the agent is not usable');
  return broken('connect_refused', true, `the agent could not be reached (${code})`);
}
