import type { FastifyRequest } from 'fastify';
import { isObject } from '../../agents/index.ts';
import type { ClientBody } from '../../permissions/index.ts';
import { ApiError } from '../base/errors.ts';
import { duplicateName } from '../base/json-duplicates.ts';

/** A body that is passed on as it came, and what it says. */
export interface GraphClientBody extends ClientBody {
  readonly value: Readonly<Record<string, unknown>>;
}

export interface VersionParams {
  /** Where the path has one. */
  readonly version?: string;
}

/**
 * The JSON object that a client sent for Graph. A name in it twice is refused: the rules of these routes would be held
 * against one of the two, and Graph might take the other.
 *
 * @throws ApiError `invalid_parameter`
 */
export function clientBodyIn(request: FastifyRequest): GraphClientBody {
  const { body: value, rawBody } = request;
  if (!isObject(value) || rawBody === null) throw new ApiError('invalid_parameter', 'The body must be a JSON object');
  const twice = duplicateName(rawBody.toString('utf8'));
  if (twice !== null) throw new ApiError('invalid_parameter', `${twice.slice(0, 64)} must be given once`);
  return { value, json: rawBody, version: (request.params as VersionParams).version ?? null };
}
