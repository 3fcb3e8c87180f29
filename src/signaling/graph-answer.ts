import type { GraphFailure } from '../call/index.ts';
import { readRetryAfter } from '../net/index.ts';
import { classify } from './graph-errors.ts';
import type { Exchange } from './graph-exchange.ts';
import { NO_CREDENTIALS } from './graph-line.ts';
import type { GraphRefused, GraphSaid, GraphUnknown } from './graph-types.ts';
import { localFailure } from './local-failure.ts';
import { retryAtOf } from './retry-at.ts';

/** What came of a request that must not have its effect twice. */
export type GraphAnswer =
  | { readonly type: 'ok'; readonly status: number; readonly body: object; readonly said: GraphSaid }
  | FailedAnswer;

export type FailedAnswer = RefusedAnswer | UnknownAnswer;
type RefusedAnswer = GraphRefused & { readonly failure: GraphFailure };
type UnknownAnswer = GraphUnknown & { readonly failure: GraphFailure };

/**
 * Reads an answer by one question: can it have had an effect? No, if nothing left or Graph answered 4xx, throttling
 * included. Nobody knows, if there was no answer, a fault on Meta's side (5xx, whatever its code), or a success that says
 * nothing. The failure is of kind `refused` or `unknown` accordingly.
 *
 * @param now Unix milliseconds
 */
export function readAnswer(outcome: Exchange, now: number): GraphAnswer {
  if (outcome.type === 'unanswered') {
    if (outcome.sent) return unknownAnswer(localFailure('unknown', `no answer from Graph: ${outcome.why}`), null);
    return outcome.why === NO_CREDENTIALS ? NOT_SPOKEN_FOR : unreached(outcome.why);
  }
  const { status, body, retryAfter, said } = outcome;
  const json = typeof body === 'object' && body !== null && !Array.isArray(body) ? body : null;
  const success = status >= 200 && status < 300;
  if (success && json !== null && !saysError(json)) return { type: 'ok', status, body: json, said };
  const failure = classify(status, body);
  const decided = success ? failure.code !== null && failure.kind !== 'unknown' : status < 500 && status !== 408;
  if (!decided) return unknownAnswer(failure, json === null ? null : { status, body: json, said });
  return {
    type: 'refused',
    status: success ? 400 : status,
    code: failure.code,
    retryAfterMs: retryAfter === null ? null : readRetryAfter(retryAfter, now),
    retryAt: retryAtOf(body, retryAfter, now),
    body: json ?? envelope(1, failure.message),
    said: json === null ? null : said,
    failure: { ...failure, kind: 'refused' },
  };
}

function saysError(body: object): boolean {
  return 'error' in body && body.error !== null;
}

/** Repeating what cannot have had an effect harms nobody. */
export function neverLeft(outcome: Exchange): boolean {
  return outcome.type === 'unanswered' && !outcome.sent;
}

export function unknownAnswer(failure: GraphFailure, answer: GraphUnknown['answer']): UnknownAnswer {
  return { type: 'unknown', answer, failure: { ...failure, kind: 'unknown' } };
}

function unreached(why: string): RefusedAnswer {
  const message = `nothing was sent, because Graph could not be reached: ${why}`;
  return unasked(503, message, envelope(2, message));
}

function unasked(status: number, message: string, body: unknown): RefusedAnswer {
  const failure = localFailure('refused', message);
  return { type: 'refused', status, code: null, retryAfterMs: null, retryAt: null, body, said: null, failure };
}

/** In Graph's own form (meta-calling.md §7.1), for clients that read nothing else. */
function envelope(code: number, details: string): unknown {
  const data = { messaging_product: 'whatsapp', details };
  return { error: { message: 'The request was not passed on', type: 'OAuthException', code, error_data: data } };
}

const NO_CREDENTIALS_TEXT = 'no credentials for this number';
const NOT_SPOKEN_FOR = unasked(401, NO_CREDENTIALS_TEXT, envelope(190, NO_CREDENTIALS_TEXT));
