import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { InvalidFields } from '../../agents/index.ts';
import type { Assignment, VoiceAgentBook } from '../../agents/ports.ts';
import { ApiError } from '../base/errors.ts';
import type { InTurn } from '../base/in-turn.ts';
import { described } from '../base/operation.ts';
import type { KnownNumbers, Scope } from '../ports.ts';
import { agentOf } from './agent-lookup.ts';
import { assignmentFields, phoneNumberIn, toOnLost } from './assignment-body.ts';

export interface AssignmentRoutesOptions {
  /** Of the voice agents, without a slash at its end. */
  readonly path: string;
  /** With the older names of Kapso. */
  readonly legacy: boolean;
  readonly book: VoiceAgentBook;
  readonly numbers: KnownNumbers;
  readonly change: InTurn;
  /** Unix milliseconds. */
  readonly now: () => number;
}

interface AgentRoute {
  Params: { id: string };
}

interface AssignmentRoute {
  Params: { id: string; assignmentId: string };
}

/** Which numbers an agent answers. */
export function assignmentRoutes(server: FastifyInstance, options: AssignmentRoutesOptions): void {
  const { book, numbers, legacy, change, now } = options;
  const path = `${options.path}/:id/${legacy ? 'voice_agent_whatsapp_configs' : 'whatsapp/phone_numbers'}`;
  const told = (assignment: Assignment) => ({ ...toAnswer(assignment), ...(legacy && legacyNames(assignment)) });

  server.get<AgentRoute>(
    path,
    describedAs('list_assignments', 'The numbers that a voice agent is assigned to', 'read'),
    async (request) => {
      const { id } = agentOf(book, request.params.id);
      return { data: book.assignments({ voiceAgentId: id }).map(told) };
    },
  );

  server.post<AgentRoute>(
    path,
    describedAs('create_assignment', 'Assign a number to a voice agent', 'admin'),
    async (request, reply) =>
      change(async () => {
        const { id: voiceAgentId } = agentOf(book, request.params.id);
        const fields = assignmentFields(request.body);
        const phoneNumberId = phoneNumberIn(request.body);
        const name = legacy ? 'whatsapp_config_id' : 'phone_number_id';
        if (phoneNumberId === null) throw new InvalidFields({ [name]: ['is required'] });
        if (!numbers.isOurs(phoneNumberId)) throw new InvalidFields({ [name]: ['must be a number of this service'] });
        if (book.assignments({ voiceAgentId, phoneNumberId }).length > 0) {
          throw new InvalidFields({ [name]: ['is assigned to this voice agent already'] });
        }
        const at = now();
        const assignment = { id: randomUUID(), voiceAgentId, phoneNumberId, ...fields, createdAt: at, updatedAt: at };
        await put(book, assignment, at);
        return reply.code(201).send({ data: told(assignment) });
      }),
  );

  server.patch<AssignmentRoute>(
    `${path}/:assignmentId`,
    describedAs('update_assignment', 'Change an assignment', 'admin'),
    async (request) =>
      change(async () => {
        const old = assignmentOf(book, request.params);
        const named = phoneNumberIn(request.body);
        if (named !== null && named !== old.phoneNumberId) {
          throw new InvalidFields({ phone_number_id: ['cannot be changed; make another assignment'] });
        }
        const at = now();
        const assignment = { ...old, ...assignmentFields(request.body, old), updatedAt: at };
        await put(book, assignment, at);
        return { data: told(assignment) };
      }),
  );

  server.delete<AssignmentRoute>(
    `${path}/:assignmentId`,
    describedAs('delete_assignment', 'Delete an assignment', 'admin'),
    async (request, reply) =>
      change(async () => {
        await book.removeAssignment(assignmentOf(book, request.params).id);
        return reply.code(204).send();
      }),
  );
}

function describedAs(id: string, summary: string, scope: Scope) {
  return described({ id, tag: 'Voice agents', summary, scope });
}

/** An agent is primary for one number at most: its newest primary takes the place of the one before (kapso-api.md §14). */
async function put(book: VoiceAgentBook, assignment: Assignment, at: number): Promise<void> {
  const { id, voiceAgentId, isPrimary } = assignment;
  const others = isPrimary ? book.assignments({ voiceAgentId }) : [];
  const demoted = others
    .filter((other) => other.isPrimary && other.id !== id)
    .map((other) => ({ ...other, isPrimary: false, updatedAt: at }));
  await book.putAssignments([...demoted, assignment]);
}

function assignmentOf(book: VoiceAgentBook, { id, assignmentId }: AssignmentRoute['Params']): Assignment {
  const agent = agentOf(book, id);
  const assignment = book.assignment(assignmentId);
  if (assignment?.voiceAgentId !== agent.id) throw new ApiError('assignment_not_found');
  return assignment;
}

function toAnswer(assignment: Assignment) {
  return {
    id: assignment.id,
    voice_agent_id: assignment.voiceAgentId,
    phone_number_id: assignment.phoneNumberId,
    is_primary: assignment.isPrimary,
    enabled: assignment.enabled,
    position: assignment.position,
    on_lost: toOnLost(assignment.onLost),
    created_at: new Date(assignment.createdAt).toISOString(),
    updated_at: new Date(assignment.updatedAt).toISOString(),
  };
}

/** A number has no configuration of its own here: its id stands for it. */
function legacyNames({ phoneNumberId }: Assignment) {
  return {
    whatsapp_config_id: phoneNumberId,
    whatsapp_config: { id: phoneNumberId, phone_number_id: phoneNumberId },
  };
}
