import { timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, type GraphError, graphError, httpStatusOf } from './graph-errors.ts';
import { no } from './graph-requests.ts';

export interface NumberParams {
  readonly version: string;
  readonly phoneNumberId: string;
}

export type Http = FastifyRequest<{ Params: NumberParams }>;

export interface FrameOptions {
  readonly phoneNumberIds: readonly string[];
  readonly token: string;
}

type Refused = { readonly ok: false; readonly error: GraphError };

/** What is wrong with any request to a number: its token, the version, or the number. */
export function frameError(http: Http, options: FrameOptions): Refused | null {
  const fault = tokenError(http, options.token);
  if (fault !== null) return fault;
  if (!/^v\d+\.\d+$/.test(http.params.version)) return no('Unknown API version');
  return options.phoneNumberIds.includes(http.params.phoneNumberId) ? null : no('Invalid phone number id');
}

export function tokenError({ headers }: Pick<FastifyRequest, 'headers'>, token: string): Refused | null {
  const given = Buffer.from(headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  const isRight = given.length === wanted.length && timingSafeEqual(given, wanted);
  return isRight ? null : { ok: false, error: graphError(190) };
}

export function refuse(reply: FastifyReply, error: GraphError): FastifyReply {
  return reply.code(httpStatusOf(error)).send(errorBody(error));
}
