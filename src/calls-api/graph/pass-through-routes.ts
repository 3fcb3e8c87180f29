import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import type { Query } from '../base/list-query.ts';
import { described, type Operation } from '../base/operation.ts';
import { originOf } from '../base/paging.ts';
import type { MediaLinks } from './media-links.ts';
import { withMediaLink } from './media-object.ts';
import { askGraph, type GraphAnswered, type PassOnOptions, sendAnswered } from './pass-on.ts';
import { type PassedPath, readPassedPath } from './passed-path.ts';
import { numberFor, type TargetOptions } from './passed-target.ts';
import { proxyPaths } from './proxy-paths.ts';

export interface PassThroughOptions extends PassOnOptions, TargetOptions {
  readonly mediaLinks: MediaLinks;
}

type Passing = FastifyRequest<{ Querystring: Query }>;

/** Of a number, what has routes of its own here, or is this service's; in whatever letters Graph would understand. */
const OURS = new Set(['calls', 'call_permissions', 'contacts', 'conversations', 'messages', 'settings']);

/**
 * Everything else of Graph that belongs to a number: bodies of any type flow through as they are, and so do the answers. What
 * of Graph may be asked for, and with whose token, is decided by the first id of the path (passed-target.ts).
 */
export function passThroughRoutes(server: FastifyInstance, options: PassThroughOptions): void {
  server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, stream, done) => done(null, stream));
    const pass = (request: Passing, reply: FastifyReply) => passThrough(options, request, reply);

    for (const path of proxyPaths('media')) scope.post(path, described(UPLOAD), pass);
    for (const path of [...proxyPaths(null), ...proxyPaths('*')]) {
      scope.get(path, described(READ), pass);
      scope.post(path, described(WRITE), pass);
      scope.put(path, described(REPLACE), pass);
      scope.patch(path, described(CHANGE), pass);
      scope.delete(path, described(REMOVE), pass);
    }
  });
}

async function passThrough(options: PassThroughOptions, request: Passing, reply: FastifyReply): Promise<FastifyReply> {
  const path = readPassedPath(request.raw.url ?? '');
  const [id, edge] = path?.segments ?? [];
  if (path === null || id === undefined) throw new ApiError('no_such_route', 'Graph has no such path');
  if (OURS.has(edge?.toLowerCase() ?? '')) throw new ApiError('no_such_route');
  const phoneNumberId = numberFor(request, id, options);
  const body = (request.body ?? null) as Readable | null;
  const answer = await askGraph(options, request, reply, path, phoneNumberId, body);
  const isObject = request.method === 'GET' && path.segments.length === 1 && id !== phoneNumberId;
  return sendAnswered(reply, isObject ? await openable(options, request, path, phoneNumberId, answer) : answer);
}

/** Media, with a link that the client can follow. */
async function openable(
  { mediaLinks, publicUrl }: PassThroughOptions,
  request: Passing,
  { version, segments }: PassedPath,
  phoneNumberId: string,
  answer: GraphAnswered,
): Promise<GraphAnswered> {
  const { projectId } = callerOf(request);
  const mediaId = segments[0] ?? '';
  return await withMediaLink(answer, () => {
    const link = mediaLinks.linkTo({ mediaId, phoneNumberId, projectId, version });
    return `${publicUrl ?? originOf(request)}${link}`;
  });
}

const DESCRIPTION = `For \`{phone_number_id}\` itself and what Graph has below it (\`whatsapp_business_profile\`, \`media\`, \`register\`, …); for a
WhatsApp business account that a number of the project belongs to; and, with \`phone_number_id\` in the query, for any other
object that this number's token opens: media, templates, flows. Path, query, and body are passed on as they are, with the
number's own token, and Graph's answer comes back as it is. Of a query, \`access_token\`, \`appsecret_proof\` and \`kapso(…)\`
in \`fields\` are left out, and of an answer any token. \`url\` of media is a link of this service, which opens the file for 5 minutes without a key.`;

const QUERY = z.looseObject({
  phone_number_id: z
    .string()
    .optional()
    .meta({ description: 'For objects that are no number and no known business account: the number that asks' }),
  fields: z.string().optional().meta({ description: "Graph's fields; `kapso(…)` among them is taken out" }),
});

const PASSED = {
  tag: 'Graph',
  description: DESCRIPTION,
  query: QUERY,
  passesThrough: true,
  errors: ['unknown_number', 'invalid_parameter', 'no_such_route', 'graph_unreachable', 'graph_unanswered'],
} as const satisfies Partial<Operation>;
const WITH_BODY = { ...PASSED, errors: [...PASSED.errors, 'body_too_large'] } as const;

const READ: Operation = {
  ...PASSED,
  id: 'read_graph',
  summary: 'Graph: read an object or an edge',
  scope: 'read',
  errors: [...PASSED.errors, 'forbidden'],
};
const WRITE: Operation = { ...WITH_BODY, id: 'write_graph', summary: 'Graph: write', scope: 'admin' };
const REPLACE: Operation = { ...WITH_BODY, id: 'replace_graph', summary: 'Graph: replace', scope: 'admin' };
const CHANGE: Operation = { ...WITH_BODY, id: 'change_graph', summary: 'Graph: change', scope: 'admin' };
const REMOVE: Operation = { ...WITH_BODY, id: 'delete_graph', summary: 'Graph: delete', scope: 'admin' };
const UPLOAD: Operation = {
  ...WITH_BODY,
  id: 'upload_media',
  summary: 'Graph: upload media',
  description: 'A form (`multipart/form-data`) with `messaging_product`, `type` and `file`, of at most 101 MiB.',
  scope: 'calls',
};
