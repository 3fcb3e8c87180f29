import type { FastifyInstance } from 'fastify';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described } from '../base/operation.ts';
import { pageAnswer } from '../base/paging.ts';
import type { CallQueries, KnownNumbers } from '../ports.ts';
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
  const { calls, numbers, publicUrl } = options;

  const list = described({ id: 'list_calls', tag: 'Calls', summary: 'List calls, newest first', scope: 'read' });
  for (const path of proxyPaths('calls')) {
    server.get<NumberRoute>(path, list, async (request) => {
      const phoneNumberId = graphNumber(request, numbers, request.params.phoneNumberId);
      const { projectId } = callerOf(request);
      const page = await calls.list({ ...parseCallListQuery(request.query), phoneNumberId, projectId });
      return pageAnswer(page, request, publicUrl);
    });
  }

  const get = described({ id: 'get_call', tag: 'Calls', summary: 'One call with its timeline', scope: 'read' });
  server.get<{ Params: { id: string } }>('/platform/v1/whatsapp/calls/:id', get, async (request) => {
    const call = await calls.find(request.params.id);
    if (call === null) throw new ApiError('call_not_found');
    return { data: { ...call, timeline: await calls.timeline(call.id) } };
  });
}
