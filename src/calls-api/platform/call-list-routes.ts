import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { callDetailAnswer, callRecordAnswer, timelineAnswer } from '../base/call-answer.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { pageMeta, pageMetaSchema } from '../base/numbered-page.ts';
import { described } from '../base/operation.ts';
import { pageAnswer, pageSchema } from '../base/paging.ts';
import { type CallQueries, NUMBERED_CALLS } from '../ports.ts';
import { agentsOf, callAgentsAnswer } from './call-agents.ts';
import { artifactsOf, callArtifactsAnswer } from './call-artifacts.ts';
import { parsePlatformCallQuery, platformCallListQuery } from './call-list-query.ts';

export interface CallListRoutesOptions {
  readonly calls: CallQueries;
  /** Where clients reach us, without a trailing slash; null means as the request says. */
  readonly publicUrl: string | null;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Where the routes are: the platform's, and the older ones of the same service (kapso-api.md §9). */
const PATHS = ['/platform/v1/whatsapp/calls', '/api/v1/whatsapp_calls'];

const callPage = pageSchema(callRecordAnswer).extend({
  meta: pageMetaSchema
    .extend({
      total_is_minimum: z.boolean().meta({ description: `Calls are counted up to ${NUMBERED_CALLS}; there are more` }),
    })
    .optional()
    .meta({ description: 'Of a page by its number; with a cursor nothing is counted' }),
});

const LIST = described({
  id: 'list_all_calls',
  tag: 'Calls',
  summary: "List a project's calls, newest first",
  description:
    `By page numbers, for the newest ${NUMBERED_CALLS} calls, or by cursors, for all. ` +
    'A page by its number shifts when calls come in; a cursor neither repeats nor misses one.',
  scope: 'read',
  query: platformCallListQuery,
  answers: { 200: { description: 'A page of calls', body: callPage } },
  errors: ['invalid_parameter'],
});

const GET = described({
  id: 'get_call',
  tag: 'Calls',
  summary: 'One call, with all that is known of it',
  description: "`id` is our own id of the call, or Meta's.",
  scope: 'read',
  answers: {
    200: {
      description: 'The call',
      body: z.strictObject({
        data: callDetailAnswer
          .extend({ agents: callAgentsAnswer, artifacts: callArtifactsAnswer, timeline: timelineAnswer })
          .meta({ id: 'CallWithTimeline' }),
      }),
    },
  },
  errors: ['call_not_found'],
});

/** The call log of a whole project, and one call with its timeline. */
export function callListRoutes(server: FastifyInstance, { calls, publicUrl, now }: CallListRoutesOptions): void {
  async function list(request: FastifyRequest<{ Querystring: Record<string, unknown> }>) {
    const { filter, page } = parsePlatformCallQuery(request.query, now());
    const wanted = { ...filter, projectId: callerOf(request).projectId };
    if (page.by === 'cursor') return pageAnswer(await calls.list({ ...wanted, ...page }), request, publicUrl);
    const found = await calls.listNumbered(wanted, { number: page.page, size: page.perPage });
    const meta = { ...pageMeta(page, found.count), total_is_minimum: !found.isExact };
    return { ...pageAnswer(found, request, publicUrl), meta };
  }

  async function get(request: FastifyRequest<{ Params: { id: string } }>) {
    const call = await calls.find(callerOf(request).projectId, request.params.id);
    if (call === null) throw new ApiError('call_not_found');
    const timeline = await calls.timeline(call.id);
    return { data: { ...call, agents: agentsOf(timeline), artifacts: artifactsOf(timeline, now()), timeline } };
  }

  for (const path of PATHS) {
    server.get(path, LIST, list);
    server.get(`${path}/:id`, GET, get);
  }
}
