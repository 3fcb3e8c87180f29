import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './errors.ts';
import { isDeeper } from './json-depth.ts';

/** Far deeper than any body that means something; what is thousands deep can be read, but not written down again. */
const MAX_LEVELS = 60;

/** Reads the JSON bodies of all routes of `scope`. One that is too deep has one answer, whoever would have read it. */
export function readJsonBodies(scope: FastifyInstance): void {
  const read = scope.getDefaultJsonParser('error', 'error');
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (request: FastifyRequest, body: string) => {
      if (isDeeper(body, MAX_LEVELS)) throw new ApiError('too_deep');
      // Fastify's own takes whatever is thrown while it hands the value on for a body that cannot be read.
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      read(request, body, (fault, value) => (fault === null ? resolve(value) : reject(fault)));
      return await promise;
    },
  );
}
