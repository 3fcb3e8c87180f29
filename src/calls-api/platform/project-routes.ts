import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DEFAULT_PROJECT_ID } from '../../call/index.ts';
import { bodyIn, nameField } from '../base/body-in.ts';
import { ApiError } from '../base/errors.ts';
import { inTurn } from '../base/in-turn.ts';
import { NUMBERED_PAGE_QUERY, numberedPageOf, onPage, pageMeta, pageMetaSchema } from '../base/numbered-page.ts';
import { described, type Operation } from '../base/operation.ts';
import type { ApiKeyBook, Project, ProjectBook } from '../ports.ts';
import { newApiKeyAnswer, toApiKey } from './api-key-answer.ts';

export interface ProjectRoutesOptions {
  readonly projects: ProjectBook;
  readonly apiKeys: ApiKeyBook;
  readonly webhooks: ProjectWebhooks;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Where events of a project go. */
export interface ProjectWebhooks {
  list(projectId: string): readonly { readonly id: string }[];
  remove(id: string): Promise<boolean>;
}

interface ProjectRoute {
  Params: { id: string };
}

const PATH = '/platform/v1/projects';

const namedProject = z.object({ name: nameField }, { error: 'must be an object' });

const projectAnswer = z.object({
  id: z.uuid(),
  name: z.string(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});

const oneProject = z.object({ data: projectAnswer });

/** The projects of the installation, for its operator. */
export function projectRoutes(server: FastifyInstance, options: ProjectRoutesOptions): void {
  const { projects, apiKeys, webhooks, now } = options;
  const change = inTurn();
  const projectOf = ({ id }: ProjectRoute['Params']): Project => {
    const project = projects.get(id);
    if (project === null) throw new ApiError('project_not_found');
    return project;
  };

  server.get<{ Querystring: Record<string, unknown> }>(
    PATH,
    operation({
      id: 'list_projects',
      summary: 'All projects',
      query: z.object(NUMBERED_PAGE_QUERY),
      answers: {
        200: {
          description: 'A page of projects',
          body: z.object({ data: z.array(projectAnswer), meta: pageMetaSchema }),
        },
      },
      errors: ['invalid_parameter'],
    }),
    async (request) => {
      const page = numberedPageOf(request.query);
      const all = projects.list();
      return { data: onPage(all, page).map(toAnswer), meta: pageMeta(page, all.length) };
    },
  );

  server.post(
    PATH,
    operation({
      id: 'create_project',
      summary: 'Make a project, with its first key',
      description: 'The answer holds an `admin` key of the new project, which cannot be read again.',
      body: namedProject,
      answers: {
        201: {
          description: 'The project and its key',
          body: z.object({ data: projectAnswer.extend({ api_key: newApiKeyAnswer }) }),
        },
      },
      errors: ['invalid_fields'],
    }),
    async (request, reply) => {
      const { name } = bodyIn(namedProject, request.body, 'project');
      const at = now();
      const project = { id: randomUUID(), name, createdAt: at, updatedAt: at };
      await projects.put(project);
      const first = { id: randomUUID(), projectId: project.id, name: 'first key', scope: 'admin' } as const;
      const { apiKey, secret } = await apiKeys.create({ ...first, createdAt: at });
      return reply.code(201).send({ data: { ...toAnswer(project), api_key: { ...toApiKey(apiKey), key: secret } } });
    },
  );

  server.patch<ProjectRoute>(
    `${PATH}/:id`,
    operation({
      id: 'update_project',
      summary: 'Rename a project',
      body: namedProject,
      answers: { 200: { description: 'The project', body: oneProject } },
      errors: ['project_not_found', 'invalid_fields'],
    }),
    async (request) =>
      change(async () => {
        const old = projectOf(request.params);
        const project = { ...old, ...bodyIn(namedProject, request.body, 'project'), updatedAt: now() };
        await projects.put(project);
        return { data: toAnswer(project) };
      }),
  );

  server.delete<ProjectRoute>(
    `${PATH}/:id`,
    operation({
      id: 'delete_project',
      summary: 'Delete a project with its keys and webhooks',
      description:
        'Only one without numbers, voice agents, and calls that are not over. The first project of an installation stays.',
      answers: { 204: { description: 'It is gone', body: null } },
      errors: ['project_not_found', 'project_in_use'],
    }),
    async (request, reply) =>
      change(async () => {
        const { id } = projectOf(request.params);
        if (id === DEFAULT_PROJECT_ID) throw new ApiError('project_in_use', 'The first project cannot be deleted');
        if (!(await projects.remove(id))) throw new ApiError('project_in_use');
        for (const webhook of webhooks.list(id)) await webhooks.remove(webhook.id);
        return reply.code(204).send();
      }),
  );
}

function operation(rest: Omit<Operation, 'tag' | 'scope' | 'installation'>) {
  return described({ tag: 'Access', scope: 'admin', installation: true, ...rest });
}

function toAnswer({ id, name, createdAt, updatedAt }: Project): z.output<typeof projectAnswer> {
  return { id, name, created_at: new Date(createdAt).toISOString(), updated_at: new Date(updatedAt).toISOString() };
}
