import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../base/errors.ts';
import type { CallPage, CallQueries, KnownNumbers } from '../ports.ts';
import { parseCallListQuery } from './call-list-query.ts';
import { proxyPaths } from './proxy-paths.ts';

export interface CallRoutesOptions {
  readonly calls: CallQueries;
  readonly numbers: KnownNumbers;
  /** Where clients reach us, without a trailing slash; null means as the request says. */
  readonly publicUrl: string | null;
}

interface NumberRoute {
  Params: { phoneNumberId: string };
  Querystring: Record<string, unknown>;
}

/** The call log: the list in Kapso's shape, and one call with all that is known of it. */
export function callRoutes(server: FastifyInstance, options: CallRoutesOptions): void {
  const { calls, numbers } = options;

  for (const path of proxyPaths('calls')) {
    server.get<NumberRoute>(path, async (request) => {
      const { phoneNumberId } = request.params;
      if (!numbers.isOurs(phoneNumberId)) throw new ApiError('unknown_number');
      const page = await calls.list(parseCallListQuery(phoneNumberId, request.query));
      return { data: page.data, paging: paging(page, request, options.publicUrl) };
    });
  }

  server.get<{ Params: { id: string } }>('/platform/v1/whatsapp/calls/:id', async (request) => {
    const call = await calls.find(request.params.id);
    if (call === null) throw new ApiError('call_not_found');
    return { data: { ...call, timeline: await calls.timeline(call.id) } };
  });
}

function paging(page: CallPage, request: FastifyRequest, publicUrl: string | null) {
  const { before, after } = page;
  const link = (name: 'after' | 'before', cursor: string) => {
    const url = new URL(`${publicUrl ?? originOf(request)}${request.url}`);
    url.searchParams.delete('after');
    url.searchParams.delete('before');
    url.searchParams.set(name, cursor);
    return url.href;
  };
  return {
    cursors: { before, after },
    next: after === null ? null : link('after', after),
    previous: before === null ? null : link('before', before),
  };
}

/** The Host header is whatever the client sent. */
function originOf(request: FastifyRequest): string {
  return URL.parse(`${request.protocol}://${request.host}`)?.origin ?? 'http://localhost';
}
