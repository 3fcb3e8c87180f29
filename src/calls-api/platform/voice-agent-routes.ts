import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { changedVoiceAgent, changedVoiceAgentBody, newVoiceAgent, newVoiceAgentBody } from '../../agents/index.ts';
import type { VoiceAgent, VoiceAgentBook } from '../../agents/ports.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { inTurn } from '../base/in-turn.ts';
import { NUMBERED_PAGE_QUERY, onPage, pageMeta, pageMetaSchema } from '../base/numbered-page.ts';
import { described, type Operation } from '../base/operation.ts';
import type { AgentHealth, KnownNumbers } from '../ports.ts';
import { toVoiceAgent, voiceAgentAnswer } from './agent-answer.ts';
import { parseAgentListQuery } from './agent-list-query.ts';
import { agentOf } from './agent-lookup.ts';
import { assignmentRoutes } from './assignment-routes.ts';

export interface VoiceAgentRoutesOptions {
  readonly book: VoiceAgentBook;
  readonly numbers: KnownNumbers;
  /** Agents may have link-local and metadata addresses. */
  readonly allowLinkLocal: boolean;
  readonly health: (agentId: string) => AgentHealth;
  /** An agent is not what it was, or is gone. */
  readonly onChanged: () => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Where the routes are: the platform's, and the older ones of the same service (kapso-api.md §7). */
const BASES = [
  { path: '/platform/v1/voice_agents', legacy: false },
  { path: '/api/v1/voice_agents', legacy: true },
];

interface AgentRoute {
  Params: { id: string };
}

const oneAgent = z.object({ data: voiceAgentAnswer });

/** Voice agents and the numbers they answer. Keys are taken and never told. */
export function voiceAgentRoutes(server: FastifyInstance, options: VoiceAgentRoutesOptions): void {
  const { book, allowLinkLocal, health, onChanged, now } = options;
  const change = inTurn();
  const told = (agent: VoiceAgent) => ({ data: toVoiceAgent(agent, health(agent.id)) });

  for (const { path, legacy } of BASES) {
    server.get<{ Querystring: Record<string, unknown> }>(path, LIST, async (request) => {
      const { kind, ...page } = parseAgentListQuery(request.query);
      const { projectId } = callerOf(request);
      const agents = book
        .list()
        .filter((agent) => agent.projectId === projectId && (kind === null || agent.provider.kind === kind));
      const data = onPage(agents, page).map((agent) => toVoiceAgent(agent, health(agent.id)));
      return { data, meta: pageMeta(page, agents.length) };
    });

    server.post(path, CREATE, async (request, reply) => {
      const { projectId } = callerOf(request);
      const agent = newVoiceAgent(request.body, { id: randomUUID(), projectId, at: now(), allowLinkLocal });
      await book.put(agent);
      return reply.code(201).send(told(agent));
    });

    server.get<AgentRoute>(`${path}/:id`, GET, async (request) => told(agentOf(request, book, request.params.id)));

    server.patch<AgentRoute>(`${path}/:id`, UPDATE, async (request) =>
      change(async () => {
        const changes = { at: now(), allowLinkLocal };
        const agent = changedVoiceAgent(agentOf(request, book, request.params.id), request.body, changes);
        await book.put(agent);
        onChanged();
        return told(agent);
      }),
    );

    server.delete<AgentRoute>(`${path}/:id`, DELETE, async (request, reply) =>
      change(async () => {
        const { id } = agentOf(request, book, request.params.id);
        if (!(await book.remove(id))) throw new ApiError('voice_agent_not_found');
        onChanged();
        return reply.code(204).send();
      }),
    );

    assignmentRoutes(server, { path, legacy, change, ...options });
  }
}

const ENVELOPE = 'The fields may stand in an envelope `voice_agent`. Secrets are taken and never told.';

const LIST = operation({
  id: 'list_voice_agents',
  summary: 'List voice agents',
  scope: 'read',
  query: z.object({
    provider_type: z.string().optional().meta({ description: 'Only agents of this kind', example: 'pipecat' }),
    ...NUMBERED_PAGE_QUERY,
  }),
  answers: {
    200: {
      description: 'A page of agents',
      body: z.object({ data: z.array(voiceAgentAnswer), meta: pageMetaSchema }),
    },
  },
  errors: ['invalid_parameter'],
});

const CREATE = operation({
  id: 'create_voice_agent',
  summary: 'Create a voice agent',
  description: ENVELOPE,
  scope: 'admin',
  body: newVoiceAgentBody,
  answers: { 201: { description: 'The agent', body: oneAgent } },
  errors: ['invalid_fields'],
});

const GET = operation({
  id: 'get_voice_agent',
  summary: 'One voice agent',
  scope: 'read',
  answers: { 200: { description: 'The agent', body: oneAgent } },
  errors: ['voice_agent_not_found'],
});

const UPDATE = operation({
  id: 'update_voice_agent',
  summary: 'Change a voice agent',
  description: ENVELOPE,
  scope: 'admin',
  body: changedVoiceAgentBody,
  answers: { 200: { description: 'The agent', body: oneAgent } },
  errors: ['voice_agent_not_found', 'invalid_fields'],
});

const DELETE = operation({
  id: 'delete_voice_agent',
  summary: 'Delete a voice agent and its assignments',
  scope: 'admin',
  answers: { 204: { description: 'It is gone', body: null } },
  errors: ['voice_agent_not_found'],
});

function operation(rest: Omit<Operation, 'tag'>) {
  return described({ tag: 'Voice agents', ...rest });
}
