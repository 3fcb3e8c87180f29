import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { accountSidOf, changedVoiceAgent, newVoiceAgent, withoutSecrets } from '../../agents/index.ts';
import type { VoiceAgent, VoiceAgentBook } from '../../agents/ports.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { inTurn } from '../base/in-turn.ts';
import { described } from '../base/operation.ts';
import type { AgentHealth, KnownNumbers, Scope } from '../ports.ts';
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

/** Voice agents and the numbers they answer. Keys are taken and never told. */
export function voiceAgentRoutes(server: FastifyInstance, options: VoiceAgentRoutesOptions): void {
  const { book, allowLinkLocal, health, onChanged, now } = options;
  const change = inTurn();
  const told = (agent: VoiceAgent) => ({ data: toAnswer(agent, health(agent.id)) });

  for (const { path, legacy } of BASES) {
    server.get<{ Querystring: Record<string, unknown> }>(
      path,
      describedAs('list_voice_agents', 'List voice agents', 'read'),
      async (request) => {
        const { kind, page, perPage } = parseAgentListQuery(request.query);
        const agents = book.list().filter((agent) => kind === null || agent.provider.kind === kind);
        const shown = agents.slice((page - 1) * perPage, page * perPage);
        return {
          data: shown.map((agent) => toAnswer(agent, health(agent.id))),
          meta: {
            page,
            per_page: perPage,
            total_pages: Math.ceil(agents.length / perPage),
            total_count: agents.length,
          },
        };
      },
    );

    server.post(path, describedAs('create_voice_agent', 'Create a voice agent', 'admin'), async (request, reply) => {
      const agent = newVoiceAgent(request.body, {
        id: randomUUID(),
        projectId: callerOf(request).projectId,
        at: now(),
        allowLinkLocal,
      });
      await book.put(agent);
      return reply.code(201).send(told(agent));
    });

    server.get<AgentRoute>(`${path}/:id`, describedAs('get_voice_agent', 'One voice agent', 'read'), async (request) =>
      told(agentOf(book, request.params.id)),
    );

    server.patch<AgentRoute>(
      `${path}/:id`,
      describedAs('update_voice_agent', 'Change a voice agent', 'admin'),
      async (request) =>
        change(async () => {
          const changes = { at: now(), allowLinkLocal };
          const agent = changedVoiceAgent(agentOf(book, request.params.id), request.body, changes);
          await book.put(agent);
          onChanged();
          return told(agent);
        }),
    );

    server.delete<AgentRoute>(
      `${path}/:id`,
      describedAs('delete_voice_agent', 'Delete a voice agent and its assignments', 'admin'),
      async (request, reply) =>
        change(async () => {
          if (!(await book.remove(request.params.id))) throw new ApiError('voice_agent_not_found');
          onChanged();
          return reply.code(204).send();
        }),
    );

    assignmentRoutes(server, { path, legacy, change, ...options });
  }
}

function describedAs(id: string, summary: string, scope: Scope) {
  return described({ id, tag: 'Voice agents', summary, scope });
}

function toAnswer(agent: VoiceAgent, health: AgentHealth) {
  const { id, name, provider, settings, createdAt, updatedAt } = agent;
  return {
    id,
    name,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(updatedAt).toISOString(),
    provider: {
      type: `${provider.kind}_provider`,
      kind: provider.kind,
      // Its bot needs it for the REST routes, also where nobody chose it.
      ...(provider.kind === 'twilio' && { account_sid: accountSidOf(id) }),
      ...withoutSecrets(provider),
    },
    settings,
    health,
  };
}
