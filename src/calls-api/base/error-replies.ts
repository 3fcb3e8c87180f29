import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidFields } from '../../agents/index.ts';
import { PrimaryTaken } from '../../agents/ports.ts';
import { InvalidCursor } from '../ports.ts';
import type { ApiLogger } from '../server.ts';
import { API_ERRORS } from './error-table.ts';
import { ApiError } from './errors.ts';
import { isPlatformPath } from './platform-path.ts';
import { retryAfter } from './retry-after.ts';

/** Answers every failure from the table of errors, and logs what nobody expected, once and without the request's data. */
export function replyWithErrors(server: FastifyInstance, logger: ApiLogger, now: () => number): void {
  server.setErrorHandler((fault, request, reply) => {
    const error = toApiError(fault);
    if (error.error === 'internal') {
      const route = request.routeOptions.url ?? 'unknown';
      logger.error({ err: fault, method: request.method, route }, 'a request failed unexpectedly');
    }
    return sendError(request, reply, error, now());
  });
  server.setNotFoundHandler((request, reply) => sendError(request, reply, new ApiError('no_such_route'), now()));
}

/** For `frameworkErrors` of fastify: a path that no route is looked up for. Its own answer would repeat the path. */
export function replyToBadPath(now: () => number) {
  return (_fault: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const details = 'A part of the path is too long, or is not encoded as in URLs';
    sendError(request, reply, new ApiError('bad_request', details), now());
  };
}

function sendError(request: FastifyRequest, reply: FastifyReply, error: ApiError, now: number): FastifyReply {
  const entry = API_ERRORS[error.error];
  const { status, code } = error.meta ?? entry;
  reply.code(status);
  // Kapso's SDK, and most clients, wait as this says.
  if (error.retryAt !== null) reply.header('retry-after', retryAfter(error.retryAt - now));
  // Kapso's platform answers with a plain text, its Meta proxy with Graph's envelope (kapso-api.md §5).
  if (isPlatformPath(request.url)) {
    if (error.fields !== null) return reply.send({ errors: error.fields });
    const known = Object.keys(error.extra).length === 0 ? {} : { code, ...error.extra };
    return reply.send({ error: error.details, ...known });
  }
  return reply.send({
    error: {
      message: entry.message,
      type: entry.type,
      code,
      ...(entry.subcode !== null && { error_subcode: entry.subcode }),
      error_data: { messaging_product: 'whatsapp', details: error.details, ...error.extra },
      fbtrace_id: randomBytes(9).toString('base64url'),
    },
  });
}

function toApiError(fault: unknown): ApiError {
  if (fault instanceof ApiError) return fault;
  if (fault instanceof InvalidCursor) {
    return new ApiError('invalid_parameter', `${fault.field} must be a cursor that this service gave out`);
  }
  if (fault instanceof InvalidFields) return new ApiError('invalid_fields', fault.message, { fields: fault.fields });
  if (fault instanceof PrimaryTaken)
    return new ApiError('primary_taken', fault.message, { fields: { base: [fault.message] } });
  const status = fault instanceof Error && 'statusCode' in fault ? Number(fault.statusCode) : 500;
  if (status === 413) return new ApiError('body_too_large');
  return status >= 400 && status < 500 ? new ApiError('bad_request') : new ApiError('internal');
}
