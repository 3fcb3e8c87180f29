import type { FastifyInstance } from 'fastify';
import { callRecordAnswer } from '../base/call-answer.ts';
import { callerOf } from '../base/caller.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described } from '../base/operation.ts';
import { pageAnswer, pageSchema } from '../base/paging.ts';
import type { CallQueries, KnownNumbers } from '../ports.ts';
import { callListQuery, parseCallListQuery } from './call-list-query.ts';
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

const LIST = described({
  id: 'list_calls',
  tag: 'Calls',
  summary: "List a number's calls, newest first",
  description:
    'In the order in which they were written down here. A page that is read by a cursor neither repeats nor misses a call ' +
    'while others come in. Parameters that are not known are ignored.',
  scope: 'read',
  query: callListQuery,
  answers: { 200: { description: 'A page of calls', body: pageSchema(callRecordAnswer) } },
  errors: ['unknown_number', 'invalid_parameter'],
});

/** The call log of one number, in the shape of Kapso's proxy. */
export function callRoutes(server: FastifyInstance, { calls, numbers, publicUrl }: CallRoutesOptions): void {
  for (const path of proxyPaths('calls')) {
    server.get<NumberRoute>(path, LIST, async (request) => {
      const phoneNumberId = graphNumber(request, numbers, request.params.phoneNumberId);
      const { projectId } = callerOf(request);
      const page = await calls.list({ ...parseCallListQuery(request.query), phoneNumberId, projectId });
      return pageAnswer(page, request, publicUrl);
    });
  }
}
