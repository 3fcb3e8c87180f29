import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { bodyIn, nameField } from '../base/body-in.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { NUMBERED_PAGE_QUERY, numberedPageOf, onPage, pageMeta, pageMetaSchema } from '../base/numbered-page.ts';
import { described } from '../base/operation.ts';
import type { ApiKeyBook } from '../ports.ts';
import { apiKeyAnswer, newApiKeyAnswer, toApiKey } from './api-key-answer.ts';

export interface KeyRoutesOptions {
  readonly apiKeys: ApiKeyBook;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const PATH = '/platform/v1/api_keys';

const newKey = z.object(
  {
    name: nameField,
    scope: z.enum(['read', 'calls', 'admin'], { error: 'must be read, calls or admin' }),
  },
  { error: 'must be an object' },
);

/** The keys of the caller's project: made, listed, and revoked by its admins. A key is told once, when it is made. */
export function keyRoutes(server: FastifyInstance, { apiKeys, now }: KeyRoutesOptions): void {
  server.get<{ Querystring: Record<string, unknown> }>(
    PATH,
    described({
      id: 'list_api_keys',
      tag: 'Access',
      summary: 'The keys of the project, but those that were revoked',
      scope: 'admin',
      query: z.object(NUMBERED_PAGE_QUERY),
      answers: {
        200: { description: 'A page of keys', body: z.object({ data: z.array(apiKeyAnswer), meta: pageMetaSchema }) },
      },
      errors: ['invalid_parameter'],
    }),
    async (request) => {
      const page = numberedPageOf(request.query);
      const keys = apiKeys.list(callerOf(request).projectId);
      return { data: onPage(keys, page).map(toApiKey), meta: pageMeta(page, keys.length) };
    },
  );

  server.post(
    PATH,
    described({
      id: 'create_api_key',
      tag: 'Access',
      summary: 'Make a key',
      description: 'The answer holds the key itself. It is kept as a digest, so nobody can read it again.',
      scope: 'admin',
      body: newKey,
      answers: { 201: { description: 'The key', body: z.object({ data: newApiKeyAnswer }) } },
      errors: ['invalid_fields'],
    }),
    async (request, reply) => {
      const { projectId } = callerOf(request);
      const { name, scope } = bodyIn(newKey, request.body, 'api_key');
      const { apiKey, secret } = await apiKeys.create({ id: randomUUID(), projectId, name, scope, createdAt: now() });
      return reply.code(201).send({ data: { ...toApiKey(apiKey), key: secret } });
    },
  );

  server.delete<{ Params: { id: string } }>(
    `${PATH}/:id`,
    described({
      id: 'revoke_api_key',
      tag: 'Access',
      summary: 'Revoke a key',
      description: 'From the answer on it opens nothing. A key may revoke itself.',
      scope: 'admin',
      answers: { 204: { description: 'It opens nothing any more', body: null } },
      errors: ['api_key_not_found'],
    }),
    async (request, reply) => {
      const revoked = await apiKeys.revoke(callerOf(request).projectId, request.params.id, now());
      if (!revoked) throw new ApiError('api_key_not_found');
      return reply.code(204).send();
    },
  );
}
