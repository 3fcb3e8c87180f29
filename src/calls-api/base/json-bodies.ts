import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './errors.ts';
import { isDeeper } from './json-depth.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** A JSON body in the bytes that came; null of any other. What a client wrote for Graph is passed on so. */
    rawBody: Buffer | null;
  }
}

/** Far deeper than any body that means something; what is thousands deep can be read, but not written down again. */
const MAX_LEVELS = 60;

/** Reads the JSON bodies of all routes of `scope`. One that is too deep has one answer, whoever would have read it. */
export function readJsonBodies(scope: FastifyInstance): void {
  const read = scope.getDefaultJsonParser('error', 'error');
  scope.decorateRequest('rawBody', null);
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      const text = body.toString('utf8');
      if (isDeeper(text, MAX_LEVELS)) throw new ApiError('too_deep');
      request.rawBody = body;
      // Fastify's own takes whatever is thrown while it hands the value on for a body that cannot be read.
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      read(request, text, (fault, value) => (fault === null ? resolve(value) : reject(fault)));
      return await promise;
    },
  );
}
