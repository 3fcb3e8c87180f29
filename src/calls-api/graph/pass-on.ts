import { pipeline, type Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { originOf } from '../base/paging.ts';
import type { GraphProxy, PassedAnswer, PassedRequest } from '../ports.ts';
import { CountedBody } from './counted-body.ts';
import type { PassedPath } from './passed-path.ts';
import { passedQuery } from './passed-query.ts';

export interface PassOnOptions {
  readonly graphProxy: GraphProxy;
  /** As `CallRoutesOptions` has it. */
  readonly publicUrl: string | null;
}

/** An answer of Graph itself. */
export type GraphAnswered = Extract<PassedAnswer, { type: 'answered' }>;

/** Meta's largest media are documents of 100 MB; the form around them takes a little more. */
export const MAX_PASSED_BYTES = 101 * 1024 * 1024;

/**
 * Asks Graph what the client asked, with the credential of `phoneNumberId`.
 *
 * @param body a stream, bytes that were read already, or nothing
 * @throws ApiError `graph_unreachable`, `graph_unanswered`, `body_too_large`, or for a query that is not passed on
 */
export async function askGraph(
  { graphProxy, publicUrl }: PassOnOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  path: PassedPath,
  phoneNumberId: string,
  body: Readable | Buffer | null,
): Promise<GraphAnswered> {
  const { headers } = request;
  const length = headers['content-length'] === undefined ? null : Number(headers['content-length']);
  if (length !== null && length > MAX_PASSED_BYTES) throw new ApiError('body_too_large', TOO_LARGE);
  const counted = body === null || Buffer.isBuffer(body) ? null : new CountedBody(MAX_PASSED_BYTES);
  const asked: PassedRequest = {
    method: methodOf(request),
    phoneNumberId,
    version: path.version,
    segments: path.segments,
    query: passedQuery(path.query, callerOf(request).scope),
    headers,
    body: counted ?? (Buffer.isBuffer(body) ? body : null),
    bodyLength: body === null ? null : length,
    home: `${publicUrl ?? originOf(request)}${path.base}`,
    signal: goneSignal(reply),
  };
  // What ends one of them ends the other; the answer, or its absence, says the rest.
  if (counted !== null && body !== null) pipeline(body as Readable, counted, () => {});
  const answer = await graphProxy.pass(asked);
  if (counted?.isTooLarge === true) throw new ApiError('body_too_large', TOO_LARGE);
  return answered(answer);
}

/** @throws ApiError if it is not Graph that answered */
export function answered(answer: PassedAnswer): GraphAnswered {
  switch (answer.type) {
    case 'answered':
      return answer;
    case 'unanswered':
      throw new ApiError(answer.sent ? 'graph_unanswered' : 'graph_unreachable');
    case 'speechless':
      throw new ApiError('graph_unreachable', 'No credential is kept for this number');
    default:
      return answer satisfies never;
  }
}

/** Graph's answer as it is. */
export function sendAnswered(reply: FastifyReply, { status, headers, body }: GraphAnswered): FastifyReply {
  // A file of anybody's, under our address: no browser may take it for a page of ours.
  reply.headers({ 'x-content-type-options': 'nosniff', 'content-security-policy': "sandbox; default-src 'none'" });
  return reply.code(status).headers(headers).send(body);
}

/** Aborts when the client goes away before it had its answer. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

const TOO_LARGE = `A body that is passed on has at most ${MAX_PASSED_BYTES / 1024 / 1024} MiB`;

function methodOf({ method }: FastifyRequest): PassedRequest['method'] {
  switch (method) {
    case 'POST':
    case 'PUT':
    case 'PATCH':
    case 'DELETE':
      return method;
    default:
      return 'GET';
  }
}
